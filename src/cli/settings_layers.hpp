#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/setting_options.hpp"
#include "core/environment_variables.hpp"
#include "core/layered_settings.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/os/environment.hpp"

namespace servicekit::cli {

/// Fills the layer `environment`; an empty variable counts as unset.
/// \param own the keys of the application's configuration; null if it declares none
/// \returns an error for each value that cannot be used
[[nodiscard]] std::vector<Error> apply_environment(LayeredSettings& settings, const ConfigSchema* own,
                                                   std::string_view program, const os::Environment& environment);

/// Finds variables that look like a setting with a typing error: JUST_ANOTHER_SERVER_LOG_LEVLE. Others with the
/// program's prefix are ignored, because Kubernetes and others set such names.
/// \returns a warning for each
[[nodiscard]] std::vector<Error> doubtful_variables(std::string_view program, const KnownSettings& settings,
                                                    const os::Environment& environment);

/// Fills the layer `command_line`. \returns an error for each value that cannot be used
[[nodiscard]] std::vector<Error> apply_command_line(LayeredSettings& settings, const ConfigSchema* own,
                                                    const std::vector<std::pair<std::string, std::string>>& given);

}  // namespace servicekit::cli

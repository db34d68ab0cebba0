#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/base/error.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/os/environment.hpp"

namespace servicekit::cli {

/// The variable that gives a setting: JUST_ANOTHER_SERVER_LOG_LEVEL.
[[nodiscard]] std::string environment_variable(std::string_view program, std::string_view setting);

/// Fills the layer `environment`; an empty variable says nothing.
/// \returns what could not be used, each for itself.
[[nodiscard]] std::vector<Error> apply_environment(Settings& settings, std::string_view program,
                                                   const os::Environment& environment);

/// Fills the layer `command_line`. \returns what could not be used, each for itself.
[[nodiscard]] std::vector<Error> apply_command_line(Settings& settings,
                                                    const std::vector<std::pair<std::string, std::string>>& given);

}  // namespace servicekit::cli

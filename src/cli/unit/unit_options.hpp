#pragma once

#include <string>
#include <vector>

#include "core/layered_settings.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::cli {

/// The command line of a service that a unit starts.
struct UnitOptions {
    std::vector<std::string> options;  ///< of the verb, as "--NAME=VALUE"
    /// Whether the configuration names anything relative to the current directory, by which the program may go, too.
    bool depends_on_directory = false;
};

/// The options by which a service finds the same settings in a unit as here. That is what this command line and this
/// environment say, and paths of all other layers that are relative here; all else the service finds by itself.
/// \param of_manager names of settings for which the unit has lines of its own
/// \returns an error for a value that no option can give
/// \param own the keys of the program's configuration; null if it has declared none
Result<UnitOptions> unit_options(const LayeredSettings& settings, const ConfigSchema* own,
                                 const std::vector<std::string_view>& of_manager, const os::Host& host);

/// The arguments of the program itself, as it took them off its command line before service_main() got the rest.
/// One that names a file here is made absolute.
/// \param rest what service_main() got
Result<std::vector<std::string>> own_arguments(const std::vector<std::string>& rest, const os::Host& host);

}  // namespace servicekit::cli

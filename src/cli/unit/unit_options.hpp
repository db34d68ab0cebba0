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
    /// The configuration contains a path relative to the current directory, which the application may also depend on.
    bool depends_on_directory = false;
};

/// Returns the options that give a service the same settings in a unit as here. These are the settings of this command
/// line and this environment, and relative paths of all other layers. The service finds everything else by itself.
/// \param own the keys of the application's configuration; null if it declares none
/// \param of_manager names of settings for which the unit has its own lines
/// \returns an error for a value that no option can give
Result<UnitOptions> unit_options(const LayeredSettings& settings, const ConfigSchema* own,
                                 const std::vector<std::string_view>& of_manager, const os::Host& host);

/// Returns the arguments of the application, which it removed from its command line before it called service_main(). An
/// argument that names a file here is made absolute.
/// \param rest the arguments of service_main()
Result<std::vector<std::string>> own_arguments(const std::vector<std::string>& rest, const os::Host& host);

}  // namespace servicekit::cli

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/setting_table.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/os/environment.hpp"

namespace servicekit {

/// Returns the variable that gives a setting: JUST_ANOTHER_SERVER_LOG_LEVEL.
[[nodiscard]] std::string environment_variable(std::string_view program, std::string_view setting);

/// Returns the variables with the program's prefix that are set, sorted. Code that looks for each setting asks this first,
/// as most programs are started without one.
[[nodiscard]] std::vector<std::string> program_variables(std::string_view program, const os::Environment& environment);

/// Returns true if the environment has a variable with the program's prefix that gives neither a setting nor a declared
/// key. The program may read such a variable itself.
/// \param own the keys of the program's configuration; null if it has declared none
/// \param scope which settings there are
[[nodiscard]] bool has_undeclared_variable(std::string_view program, const ConfigSchema* own, SettingScope scope,
                                           const os::Environment& environment);

}  // namespace servicekit

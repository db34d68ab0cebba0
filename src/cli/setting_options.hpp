#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "servicekit/core/config_schema.hpp"

namespace servicekit::cli {

/// A setting as an option of the command line: one of those that every service has, or a key of the program's own.
struct SettingOption {
    std::string name;         ///< without the dashes
    std::string placeholder;  ///< for its value; empty: it is a flag
    std::string description;  ///< with the default
    std::string group;        ///< the heading in the help
};

/// All of them, those of the program first. Secrets have none: every user of the machine sees a command line.
/// \param own the program's keys; null if it has declared none
[[nodiscard]] std::vector<SettingOption> setting_options(const ConfigSchema* own);

/// The key of the program's own with this option; null if there is none.
[[nodiscard]] const ConfigKey* find_own_key(const ConfigSchema* own, std::string_view option);

}  // namespace servicekit::cli

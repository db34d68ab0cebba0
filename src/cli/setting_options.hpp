#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/setting_table.hpp"
#include "servicekit/core/config_schema.hpp"

namespace servicekit::cli {

/// The settings that the command line of a program has.
struct KnownSettings {
    const ConfigSchema* own = nullptr;  ///< the keys of the application; null if it declares none
    SettingScope scope = SettingScope::every_service;
};

/// A setting as an option of the command line: one of the library, or a key of the application.
struct SettingOption {
    std::string name;         ///< without the dashes
    std::string placeholder;  ///< for its value; empty: a flag
    std::string description;  ///< with the default
    std::string group;        ///< the heading in the help
};

/// Returns all of them, the application's first. Secrets have no option, because every user of the machine sees a
/// command line.
[[nodiscard]] std::vector<SettingOption> setting_options(const KnownSettings& known);

/// Returns the one with this name, without dashes. \returns nothing if there is none
[[nodiscard]] std::optional<SettingOption> find_setting_option(const KnownSettings& known, std::string_view name);

/// Returns the application's key with this option; null if there is none.
[[nodiscard]] const ConfigKey* find_own_key(const ConfigSchema* own, std::string_view option);

}  // namespace servicekit::cli

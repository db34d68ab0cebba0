#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/paths.hpp"
#include "core/setting_kind.hpp"

namespace servicekit {

/// Groups of settings, as the help text shows them.
enum class SettingGroup { place, control, log, crashes, streams, process, time, integration, cluster };

/// Returns the heading of a group.
[[nodiscard]] std::string_view to_string(SettingGroup group) noexcept;

/// Which services have a setting.
enum class SettingScope {
    every_service,
    with_standby,  ///< also the settings of services whose lock has a second level
};

/// One row of the table of settings. The table is the only source of these facts. The environment variable is derived
/// from the name.
struct SettingRow {
    /// The value if nobody has set it: `value`, `words`, or neither.
    struct Default {
        std::string_view value = {};         ///< as text
        std::string_view words = {};         ///< for people, if the default is not a fixed value
        bool is_of_policy = false;           ///< the policy that uses the setting has the default
        std::string Paths::*path = nullptr;  ///< the default is derived from other settings
    };

    std::string_view name;  ///< the key in a config file; with two dashes in front, the option on a command line
    SettingKind kind;
    SettingGroup group;
    std::string_view placeholder;  ///< for the value of the option; empty: the option is a flag
    std::string_view description;
    Default otherwise = {};
    bool changes_on_reload = false;
};

/// Returns the settings of such a service, in the order of the help text.
[[nodiscard]] std::span<const SettingRow> setting_table(SettingScope scope) noexcept;

/// Returns the row of that name; null if such a service has no such setting.
[[nodiscard]] const SettingRow* find_setting(std::string_view name,
                                             SettingScope scope = SettingScope::every_service) noexcept;

[[nodiscard]] std::vector<std::string_view> setting_names(SettingScope scope = SettingScope::every_service);

/// Returns the default for people; empty for a flag, which is off, and if there is nothing to show.
[[nodiscard]] std::string_view default_of(const SettingRow& row) noexcept;

}  // namespace servicekit

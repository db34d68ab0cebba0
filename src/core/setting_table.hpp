#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/paths.hpp"
#include "core/setting_kind.hpp"

namespace servicekit {

/// The settings of one kind, as the help text puts them together.
enum class SettingGroup { place, control, log, crashes, streams, process, time, integration };

/// The heading of a group.
[[nodiscard]] std::string_view to_string(SettingGroup group) noexcept;

/// One row of the table of settings: all that the library says of a setting, wherever it says it. The environment variable
/// follows from the name.
struct SettingRow {
    /// Its value if nobody has set it: one of the first, or none.
    struct Default {
        std::string_view value = {};         ///< as text
        std::string_view words = {};         ///< for people, of a default that is no fixed value
        bool is_of_policy = false;           ///< the policy that uses the setting knows it
        std::string Paths::*path = nullptr;  ///< it follows from other settings
    };

    std::string_view name;  ///< the key in a config file; with two dashes in front, the option of a command line
    SettingKind kind;
    SettingGroup group;
    std::string_view placeholder;  ///< for the value of the option; empty: the option is a flag
    std::string_view description;
    Default otherwise = {};
    bool changes_on_reload = false;
};

/// All settings, in the order of the help text.
[[nodiscard]] std::span<const SettingRow> setting_table() noexcept;

/// The row of that name; null if there is no such setting.
[[nodiscard]] const SettingRow* find_setting(std::string_view name) noexcept;

[[nodiscard]] std::vector<std::string_view> setting_names();

/// What people are told of its default; empty for a flag, which is off, and if there is nothing to tell.
[[nodiscard]] std::string_view default_of(const SettingRow& row) noexcept;

}  // namespace servicekit

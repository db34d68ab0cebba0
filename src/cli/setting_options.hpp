#pragma once

#include <span>
#include <string_view>

namespace servicekit::cli {

/// How a setting looks on the command line.
struct SettingOption {
    std::string_view name;         ///< the setting's; with two dashes, the option's
    std::string_view placeholder;  ///< empty: a flag
    std::string_view description;
};

/// One for each of Settings::names(), in the order of the help text.
[[nodiscard]] std::span<const SettingOption> setting_options() noexcept;

}  // namespace servicekit::cli

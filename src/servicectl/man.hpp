#pragma once

#include <optional>
#include <string>

#include "cli/console.hpp"
#include "servicectl/command.hpp"
#include "servicectl/tools.hpp"

namespace servicekit::servicectl {

/// Returns the man page servicectl(1). \param date see cli::date_of_page()
[[nodiscard]] std::string servicectl_page(const std::string& date);
/// Returns the man page servicekit(7), which has what all services have in common.
[[nodiscard]] std::string servicekit_page(const std::string& date);

/// \returns what is wrong with the arguments of `man`
[[nodiscard]] std::optional<std::string> check_man(Command& command);
/// Prints one of the pages. \returns the exit code
int man(const Command& command, cli::Console& console, const Tools& tools);

}  // namespace servicekit::servicectl

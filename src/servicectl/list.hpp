#pragma once

#include <optional>
#include <string>

#include "cli/console.hpp"
#include "servicectl/command.hpp"
#include "servicectl/tools.hpp"

namespace servicekit::servicectl {

/// Fills the members for `list` and `top` from the options. \returns what is wrong with them
[[nodiscard]] std::optional<std::string> check_list(Command& command);
/// Does the same for `top`, which has no JSON.
[[nodiscard]] std::optional<std::string> check_top(Command& command);
/// Prints a table of the services, or their JSON. \returns the exit code
int list(const Command& command, cli::Console& console, const Tools& tools);

}  // namespace servicekit::servicectl

#pragma once

#include <optional>
#include <string>

#include "cli/console.hpp"
#include "cli/tools.hpp"
#include "servicectl/command.hpp"

namespace servicekit::servicectl {

/// Takes the options of `list`. \returns what is wrong with them
[[nodiscard]] std::optional<std::string> check_list(Command& command);

/// Prints a table of the services, or their JSON. \returns the exit code
int list(const Command& command, cli::Console& console, const cli::Tools& tools);

}  // namespace servicekit::servicectl

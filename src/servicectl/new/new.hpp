#pragma once

#include <optional>
#include <string>

#include "cli/console.hpp"
#include "servicectl/command.hpp"
#include "servicectl/tools.hpp"

namespace servicekit::servicectl {

/// \returns what is wrong with the arguments of `new`
[[nodiscard]] std::optional<std::string> check_new(Command& command);
/// Writes the project of a new service, and prints its files and the next commands. The first target of the command is
/// the name of the service, and the second one the directory, if it is not ./NAME.
/// \returns the exit code
int make_project(const Command& command, cli::Console& console, const Tools& tools);

}  // namespace servicekit::servicectl

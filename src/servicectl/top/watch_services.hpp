#pragma once

#include "cli/console.hpp"
#include "servicectl/command.hpp"
#include "servicectl/tools.hpp"

namespace servicekit::servicectl::top {

/// Executes `servicectl top`: shows the services on a screen until the user quits.
/// \returns the exit code
int watch_services(const Command& command, cli::Console& console, const Tools& tools);

}  // namespace servicekit::servicectl::top

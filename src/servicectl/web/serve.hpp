#pragma once

#include "cli/console.hpp"
#include "servicectl/command.hpp"
#include "servicectl/tools.hpp"

namespace servicekit::servicectl::web {

/// Serves the page of all services until a signal ends it. Prints one line with the URL. \returns the exit code
int serve(const Command& command, cli::Console& console, const Tools& tools);

}  // namespace servicekit::servicectl::web

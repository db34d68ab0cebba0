#pragma once

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "servicectl/command.hpp"
#include "servicectl/survey.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl {

/// Prints a table of the services, or their JSON. \returns the exit code
int list(const Command& command, cli::Console& console, const os::Host& host);

}  // namespace servicekit::servicectl

#pragma once

#include "cli/tools.hpp"
#include "servicectl/command.hpp"
#include "servicectl/places.hpp"

namespace servicekit::servicectl {

/// Runs a verb of services for the service at a place, as the service's own program does. Root becomes the user of
/// another user's service first, for good, so that this user cannot direct the verb at anything else.
/// \returns the exit code
int run_on(const Place& place, const Command& command, const cli::Tools& tools);

}  // namespace servicekit::servicectl

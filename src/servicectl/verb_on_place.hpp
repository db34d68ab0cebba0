#pragma once

#include "cli/tools.hpp"
#include "servicectl/command.hpp"
#include "servicectl/places.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::servicectl {

/// Runs a verb of services for the service at a place, as the service's own program does. Root becomes the user of
/// another user's service first, for good, so that this user cannot direct the verb at anything else.
/// \returns the exit code
int run_on(const Place& place, const Command& command, const cli::Tools& tools);

/// Returns the reply of the service at a place to `events`; empty if it does not answer at once, or this user may not
/// ask it. Prints nothing. Root becomes another user as for run_on().
[[nodiscard]] Object events_of(const Place& place, const cli::Tools& tools);

}  // namespace servicekit::servicectl

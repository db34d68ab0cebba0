#pragma once

#include "cli/tools.hpp"
#include "servicectl/command.hpp"
#include "servicectl/places.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::servicectl {

/// Returns true if run_on() becomes the owner of the place, for good.
[[nodiscard]] bool acts_as_owner(const Place& place, const Command& command, const os::Host& host);

/// Runs a verb of services for the service at a place, as the service's own program does. Root becomes the user of
/// another user's service first, for good, so that this user cannot direct the verb at anything else. It does so for a
/// service that root has started, too, if its directory belongs to another user. Without a user to become, a control
/// socket that is a link is refused.
/// \returns the exit code
int run_on(const Place& place, const Command& command, const cli::Tools& tools);

/// Returns the reply of the service at a place to `events`; empty if it does not answer at once, or this user may not
/// ask it. Prints nothing. Root becomes another user as for run_on().
[[nodiscard]] Object events_of(const Place& place, const cli::Tools& tools);

}  // namespace servicekit::servicectl

#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>

#include "servicekit/os/children.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit::policies {

/// Reaps children of the calling thread that have ended and that nobody waits for.
///
/// In the main thread of pid 1 these are orphans of other processes, and children of threads that have ended. The two
/// cannot be told apart, and the application may still wait for the latter. So each is left alone for a while.
class OrphanReaper {
public:
    OrphanReaper(os::Children& children, const os::Clock& clock, std::chrono::milliseconds grace)
        : children_{&children}, clock_{&clock}, grace_{grace} {}

    /// Reaps the children that an earlier call saw and that were left alone long enough.
    void look();

private:
    os::Children* children_;
    const os::Clock* clock_;
    std::chrono::milliseconds grace_;
    std::map<pid_t, std::chrono::steady_clock::time_point> seen_;  ///< with the time when they were first seen
};

}  // namespace servicekit::policies

#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>

#include "servicekit/os/children.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit::policies {

/// Does away with children of the calling thread that have ended and that nobody waits for.
///
/// In the first thread of pid 1 these are orphans, which came from elsewhere; and children of threads that have ended,
/// which nobody can tell from them, and which the program may yet wait for. So each is left alone for a while.
class OrphanReaper {
public:
    OrphanReaper(os::Children& children, const os::Clock& clock, std::chrono::milliseconds grace)
        : children_{&children}, clock_{&clock}, grace_{grace} {}

    /// Reaps those that an earlier look saw, and that were left alone long enough.
    void look();

private:
    os::Children* children_;
    const os::Clock* clock_;
    std::chrono::milliseconds grace_;
    std::map<pid_t, std::chrono::steady_clock::time_point> seen_;  ///< when first
};

}  // namespace servicekit::policies

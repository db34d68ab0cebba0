#include "policies/daemon/orphan_reaper.hpp"

#include <utility>

namespace servicekit::policies {

void OrphanReaper::look() {
    const auto now = clock_->steady_now();
    // A child that is missing now has been waited for, and its pid may be reused.
    std::map<pid_t, std::chrono::steady_clock::time_point> still_there;
    for (const pid_t child : children_->ended()) {
        const auto before = seen_.find(child);
        const auto since = before != seen_.end() ? before->second : now;
        if (now - since >= grace_)
            children_->reap(child);
        else
            still_there.emplace(child, since);
    }
    seen_ = std::move(still_there);
}

}  // namespace servicekit::policies

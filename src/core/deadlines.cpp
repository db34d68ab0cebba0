#include "core/deadlines.hpp"

#include <algorithm>

namespace servicekit {

void Deadlines::watch(const std::shared_ptr<QueuedEvent>& run) {
    // Answered runs stay in the list until it is pruned. The pruning costs O(1) for each run that is added.
    if (runs_.size() >= prune_at_) {
        std::erase_if(runs_, [](const auto& weak) {
            const auto known = weak.lock();
            return !known || known->is_answered();
        });
        prune_at_ = std::max<std::size_t>(64, 2 * runs_.size());
    }
    runs_.push_back(run);
    if (*run->deadline() < armed_for_) arm();
}

void Deadlines::look() {
    armed_for_ = std::chrono::steady_clock::time_point::max();
    const auto now = clock_->steady_now();
    std::erase_if(runs_, [this, now](const auto& weak) {
        const auto run = weak.lock();
        if (!run || run->is_answered()) return true;
        if (*run->deadline() > now) return false;
        const bool never_runs = queue_->remove(*run);
        run->time_out();
        if (never_runs && never_ran_) never_ran_(*run);
        return true;
    });
    arm();
}

void Deadlines::arm() {
    auto nearest = std::chrono::steady_clock::time_point::max();
    for (const auto& weak : runs_)
        if (const auto run = weak.lock(); run && !run->is_answered()) nearest = std::min(nearest, *run->deadline());
    if (nearest == std::chrono::steady_clock::time_point::max()) return;
    armed_for_ = nearest;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(nearest - clock_->steady_now());
    timer_->start(std::max(left, std::chrono::milliseconds{0}), [this] { look(); });
}

}  // namespace servicekit

#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/event_queue.hpp"
#include "core/queued_event.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit {

/// Answers runs whose time is up. If the event still waits, it is removed from the queue; if it runs, it continues. For
/// the loop's thread only. One timer serves all runs, and it is armed only while there are some.
class Deadlines {
public:
    /// \param never_ran called for each run that is removed from the queue
    Deadlines(EventQueue& queue, const os::Clock& clock, os::EventLoop& loop,
              std::function<void(const QueuedEvent&)> never_ran = {})
        : queue_{&queue}, clock_{&clock}, timer_{loop.timer()}, never_ran_{std::move(never_ran)} {}

    /// \pre the run has a deadline
    void watch(const std::shared_ptr<QueuedEvent>& run);

private:
    void look();
    void arm();

    EventQueue* queue_;
    const os::Clock* clock_;
    std::unique_ptr<os::Timer> timer_;
    std::function<void(const QueuedEvent&)> never_ran_;
    std::vector<std::weak_ptr<QueuedEvent>> runs_;
    std::size_t prune_at_ = 64;
    std::chrono::steady_clock::time_point armed_for_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace servicekit

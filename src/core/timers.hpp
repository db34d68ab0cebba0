#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/event_queue.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/core/timer_handle.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit {

class Timers;

/// Work that is done at its time. Its members are guarded by the mutex of the Timers.
class TimedWork {
public:
    using Time = std::chrono::steady_clock::time_point;

    std::weak_ptr<Timers> timers;  ///< expired once the service is gone
    std::string name;
    std::function<void()> work;
    std::chrono::milliseconds interval{0};
    bool repeats = false;
    bool is_planned = true;  ///< a run will be queued
    bool is_queued = false;  ///< a run is queued or runs
    bool is_cancelled = false;
    bool is_of_activity = false;  ///< it ends with the activity during which it was planned
    Time next = Time::max();
};

/// The work that the program has planned. At its time it is queued for the event thread. If its last run is not over by
/// then, that time is skipped. Thread-safe unless stated otherwise.
class Timers : public std::enable_shared_from_this<Timers> {
public:
    /// \param self returns the peer that requests the runs: this process
    Timers(EventQueue& queue, const os::Clock& clock, Logger& log, std::function<Peer()> self)
        : queue_{queue}, clock_{clock}, log_{log}, self_{std::move(self)} {}

    TimerHandle add(std::chrono::milliseconds time, bool repeats, std::string name, std::function<void()> work);
    void cancel(TimedWork& work);
    void change(TimedWork& work, std::chrono::milliseconds time);
    [[nodiscard]] bool is_planned(const TimedWork& work) const;

    /// \pre the loop does not run yet
    void arm(os::EventLoop& loop);
    /// Notes that an activity begins: work that is planned from now on ends with it.
    void begin_activity();
    /// Begins to count all times, when the service is ready.
    void begin();
    /// Cancels the work of the activity. All other work waits for the next begin().
    void end_activity();
    /// Cancels all work for ever.
    void stop();
    /// Destroys the loop's timer. \pre the loop has ended
    void disarm() { timer_.reset(); }

    struct Planned {
        std::string name;
        std::chrono::milliseconds interval;  ///< 0 if the work is done once
        TimedWork::Time next;
    };
    /// Returns false if no work was ever planned. Takes no lock.
    [[nodiscard]] bool were_used() const noexcept { return were_used_.load(std::memory_order_acquire); }
    /// Returns the planned work, the next one first.
    [[nodiscard]] std::vector<Planned> planned() const;

private:
    using Work = std::shared_ptr<TimedWork>;

    void plan(TimedWork& work, std::chrono::milliseconds time);
    /// Calls look() on the loop's thread.
    void wake();
    /// Queues the work that is due, and sets the timer for the next one. For the loop's thread.
    void look();
    /// \returns false if the queue is full or closed
    bool queue(const Work& work);
    /// Handles work that could not be queued. Work that is done once is tried again later.
    void leave_out(const Work& work);
    [[nodiscard]] bool is_cancelled(const TimedWork& work) const;
    /// Notes that the run is over, or was refused.
    void over(TimedWork& work);

    EventQueue& queue_;
    const os::Clock& clock_;
    Logger& log_;
    std::function<Peer()> self_;
    os::EventLoop* loop_ = nullptr;
    std::unique_ptr<os::Timer> timer_;
    mutable std::mutex mutex_;
    std::vector<Work> works_;
    std::atomic<bool> were_used_{false};
    bool is_in_activity_ = false;
    bool has_begun_ = false;
    bool is_stopped_ = false;
};

}  // namespace servicekit

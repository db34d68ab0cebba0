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

/// One thing that is done at its time. Its members are for whoever has the mutex of the Timers.
class TimedWork {
public:
    using Time = std::chrono::steady_clock::time_point;

    std::weak_ptr<Timers> timers;  ///< expired once the service is gone
    std::string name;
    std::function<void()> work;
    std::chrono::milliseconds interval{0};
    bool repeats = false;
    bool is_planned = true;  ///< a run is still to be queued
    bool is_queued = false;  ///< or runs
    bool is_cancelled = false;
    Time next = Time::max();
};

/// The work that the program has planned: at its time it is queued for the event thread. Work whose last run is not over
/// by then leaves that time out. Thread-safe where nothing else is said.
class Timers : public std::enable_shared_from_this<Timers> {
public:
    /// \param self who asks for the runs: this process
    Timers(EventQueue& queue, const os::Clock& clock, Logger& log, std::function<Peer()> self)
        : queue_{queue}, clock_{clock}, log_{log}, self_{std::move(self)} {}

    TimerHandle add(std::chrono::milliseconds time, bool repeats, std::string name, std::function<void()> work);
    void cancel(TimedWork& work);
    void change(TimedWork& work, std::chrono::milliseconds time);
    [[nodiscard]] bool is_planned(const TimedWork& work) const;

    /// \pre the loop does not turn yet
    void arm(os::EventLoop& loop);
    /// The service is ready: all times begin to count.
    void begin();
    /// Cancels all, for ever.
    void stop();
    /// The timer of the loop goes. \pre the loop turns no more
    void disarm() { timer_.reset(); }

    struct Planned {
        std::string name;
        std::chrono::milliseconds interval;  ///< 0 if it is done once
        TimedWork::Time next;
    };
    /// The next one first.
    [[nodiscard]] std::vector<Planned> planned() const;

private:
    using Work = std::shared_ptr<TimedWork>;

    void plan(TimedWork& work, std::chrono::milliseconds time);
    /// Has the loop's thread look().
    void wake();
    /// Queues what is due, and sets the timer for what is next. From the loop's thread.
    void look();
    /// \returns false if the queue takes no more
    bool queue(const Work& work);
    /// It could not be queued. What is done once is tried again.
    void leave_out(const Work& work);
    [[nodiscard]] bool is_cancelled(const TimedWork& work) const;
    /// The run is over, or was refused.
    void over(TimedWork& work);

    EventQueue& queue_;
    const os::Clock& clock_;
    Logger& log_;
    std::function<Peer()> self_;
    os::EventLoop* loop_ = nullptr;
    std::unique_ptr<os::Timer> timer_;
    mutable std::mutex mutex_;
    std::vector<Work> works_;
    bool has_begun_ = false;
    bool is_stopped_ = false;
};

}  // namespace servicekit

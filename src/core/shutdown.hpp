#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/announcements.hpp"
#include "core/event_queue.hpp"
#include "core/event_runner.hpp"
#include "core/forced_exit.hpp"
#include "core/life_state.hpp"
#include "core/runs.hpp"
#include "core/step_limit.hpp"
#include "core/time_limits.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

/// Sees to it that a service that is told to end does, whatever its handlers do.
/// Its timers run on the loop's thread, as does all of it that is not said to be for another.
class Shutdown {
public:
    Shutdown(LifeState& state, const TimeLimits& limits, EventQueue& queue, EventRunner& runner, Runs& runs,
             Announcements& announcements, ForcedExit& forced_exit, const os::Host& host, Logger& log)
        : state_{state},
          limits_{limits},
          queue_{queue},
          runner_{runner},
          runs_{runs},
          announcements_{announcements},
          forced_exit_{forced_exit},
          host_{host},
          log_{log} {}

    /// Makes the timers. \pre the loop exists and does not turn yet.
    void arm(os::EventLoop& loop);

    /// Begins the time that a start may take.
    void limit_start(std::chrono::milliseconds at_most);
    /// A clean stop: the events that run are asked to end, what waits is refused, the event thread goes on to the end;
    /// where it doesn't within stop-timeout, kill. A second one is no more than the first.
    /// \param failure what the process ends with, if it is not a stop that somebody wanted
    void stop(const std::string& why, std::optional<Error> failure = std::nullopt);
    /// The kill event, a second at most and not beside a running handler; then the end. A second one does not wait.
    void kill(const std::string& why);

    // From any thread.
    /// Has the loop's thread call stop() or kill(). \pre arm()
    void post_stop(const std::string& why);
    void post_kill(const std::string& why);
    /// The application asks for a stop. A load, which has no loop yet, goes on to its end. Before it nothing happens.
    void stop_for_program();
    /// The application asks for a kill. \pre arm()
    void kill_for_program();
    /// Whether the service stops, or the application has asked for that.
    [[nodiscard]] bool is_asked_for() const noexcept { return asked_by_program_.load() || is_stopping(); }
    [[nodiscard]] bool is_stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }
    [[nodiscard]] bool is_killing() const noexcept { return killing_.load(std::memory_order_acquire); }

    // From the event thread.
    /// What the stop began with. \pre is_stopping()
    [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }
    /// The event that runs makes progress: a start, reload or stop of which it is a part may take longer.
    /// \returns how long the step may take from now on; 0 if the event is not part of one
    std::chrono::milliseconds extend();
    /// Whether the event thread waits for events, and so could run the kill event.
    void set_serving(bool serving) noexcept { serving_.store(serving, std::memory_order_release); }
    /// The start is over: it has no limit any more, and what ends the service now is no failed start.
    void set_started();
    /// Ends the process. The kill event is over.
    [[noreturn]] void finish_kill();

private:
    /// Also where this thread hangs.
    void end_for_sure_within(std::chrono::milliseconds time);
    /// Ends the service once the time of the step is over.
    void watch(os::Timer& timer, const StepLimit& limit, void (Shutdown::*over)());
    void start_is_overdue();
    void stop_is_overdue();
    void escalate(ExitCode code, const std::string& what, const StepLimit& limit);
    /// The events that keep the service from its end, in words; empty if it is none of the program's.
    [[nodiscard]] std::string what_runs() const;

    LifeState& state_;
    const TimeLimits& limits_;
    EventQueue& queue_;
    EventRunner& runner_;
    Runs& runs_;
    Announcements& announcements_;
    ForcedExit& forced_exit_;
    const os::Host& host_;
    Logger& log_;
    std::atomic<os::EventLoop*> loop_{nullptr};  ///< set by arm()
    StepLimit start_limit_;
    StepLimit stop_limit_;
    std::chrono::steady_clock::time_point sure_end_of_stop_;  ///< the event thread's own
    std::unique_ptr<os::Timer> start_timer_;
    std::unique_ptr<os::Timer> stop_timer_;
    std::unique_ptr<os::Timer> kill_timer_;
    std::optional<Error> failure_;  ///< set before `stopping_`
    std::atomic<bool> asked_by_program_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<bool> killing_{false};
    std::atomic<bool> serving_{false};
    std::atomic<bool> started_{false};
};

}  // namespace servicekit

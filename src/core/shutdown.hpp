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
#include "core/stop_note.hpp"
#include "core/time_limits.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

/// Ensures that a service ends when it is asked to, whatever its handlers do. All of it runs on the loop's thread,
/// unless stated otherwise.
class Shutdown {
public:
    Shutdown(LifeState& state, const TimeLimits& limits, EventQueue& queue, EventRunner& runner, Runs& runs,
             Announcements& announcements, StopNote& stop_note, ForcedExit& forced_exit, const os::Host& host,
             Logger& log)
        : state_{state},
          limits_{limits},
          queue_{queue},
          runner_{runner},
          runs_{runs},
          announcements_{announcements},
          stop_note_{stop_note},
          forced_exit_{forced_exit},
          host_{host},
          log_{log} {}

    /// Makes the timers. \pre the loop exists and does not run yet
    void arm(os::EventLoop& loop);

    /// Begins the time limit of the start.
    void limit_start(std::chrono::milliseconds at_most);
    /// Stops cleanly: asks the running events to end, refuses the waiting ones, and lets the event thread continue to
    /// its end. Ends the process if that takes longer than stop-timeout. A second call does nothing.
    /// \param failure what the process ends with, if nobody wanted the stop
    void stop(const std::string& why, std::optional<Error> failure = std::nullopt);
    /// How long the end of an activity may take.
    struct EndOfActivity {
        std::chrono::milliseconds at_most;
        bool is_loss = false;  ///< progress does not extend it, and the lock makes the kernel end the process
    };
    /// Does what stop() does with the events, but the service goes on after its stop event.
    void end_activity(const std::string& why, EndOfActivity limit);
    /// Shortens an end that has begun, because the lock is lost.
    void hurry(std::chrono::milliseconds at_most);
    /// Lifts the time limit of the end of an activity. \pre the lock has been given up
    void set_activity_over();
    /// Runs the kill event, for at most a second and only if no handler runs, and then ends the process. A second call
    /// does not wait.
    void kill(const std::string& why);

    // For any thread.
    /// Calls stop() or kill() on the loop's thread. \pre arm()
    void post_stop(const std::string& why);
    void post_kill(const std::string& why);
    /// Stops because the application wants it. During a load there is no loop yet, and the load first continues to its
    /// end. Before a load it does nothing.
    void stop_for_program();
    /// Kills because the application wants it. \pre arm()
    void kill_for_program();
    /// Returns true if the service stops, or the application has requested that.
    [[nodiscard]] bool is_asked_for() const noexcept { return asked_by_program_.load() || is_stopping(); }
    [[nodiscard]] bool is_stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }
    [[nodiscard]] bool is_killing() const noexcept { return killing_.load(std::memory_order_acquire); }
    /// Returns true if end_activity() was called, and set_activity_over() was not.
    [[nodiscard]] bool ends_activity() const noexcept { return ends_activity_.load(std::memory_order_acquire); }
    /// Returns true if the activity ends, or the service does.
    [[nodiscard]] bool is_ending() const noexcept { return is_asked_for() || ends_activity(); }

    // For the event thread.
    /// Returns how long a stop may take unless it makes progress.
    [[nodiscard]] std::chrono::milliseconds stop_timeout() const noexcept { return limits_.stop(); }
    /// Returns how long the end that has begun may still take unless it makes progress; 0 if none has begun.
    [[nodiscard]] std::chrono::milliseconds time_left_to_end() const {
        return stop_limit_.left(host_.clock->steady_now());
    }
    /// Returns the failure that the stop began with. \pre is_stopping()
    [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }
    /// Notes progress of the running event. If the event belongs to a start, reload or stop, that step may take longer.
    /// \returns how long the step may still take; 0 if the event does not belong to one
    std::chrono::milliseconds extend();
    /// Sets if the event thread waits for events, and so could run the kill event.
    void set_serving(bool serving) noexcept { serving_.store(serving, std::memory_order_release); }
    /// Lets the lock take its own time to hand over: what remains of the end gets a new limit after it.
    void begin_handover() noexcept;
    void end_handover();
    /// Ends the time limit of the start. After this, the end of the service does not count as a failed start.
    void set_started();
    /// Begins the time limit of a further start, that of an activity.
    void begin_start_again(std::chrono::milliseconds at_most);
    /// Notes that the kill event begins. \pre is_killing()
    void begin_on_kill() noexcept { runs_on_kill_.store(true, std::memory_order_release); }
    /// Ends the process after the kill event.
    [[noreturn]] void finish_kill();

private:
    /// Ends the process even if this thread hangs.
    void end_for_sure_within(std::chrono::milliseconds time);
    /// Calls `over` when the time of the step is over.
    void watch(os::Timer& timer, const StepLimit& limit, void (Shutdown::*over)());
    void start_is_overdue();
    void stop_is_overdue();
    /// Begins the time limit of a stop event.
    void limit_end(std::chrono::milliseconds at_most, std::chrono::milliseconds in_all);
    /// Refuses the events that wait, asks those that run to end, and wakes the event thread.
    void end_events();
    void escalate(ExitCode code, const std::string& what, const StepLimit& limit);
    /// Returns the events that delay the end, in words; empty if none of the program's events does.
    [[nodiscard]] std::string what_runs() const;

    LifeState& state_;
    const TimeLimits& limits_;
    EventQueue& queue_;
    EventRunner& runner_;
    Runs& runs_;
    Announcements& announcements_;
    StopNote& stop_note_;
    ForcedExit& forced_exit_;
    const os::Host& host_;
    Logger& log_;
    std::atomic<os::EventLoop*> loop_{nullptr};  ///< set by arm()
    StepLimit start_limit_;
    StepLimit stop_limit_;
    std::chrono::steady_clock::time_point sure_end_of_stop_;  ///< for the event thread
    std::unique_ptr<os::Timer> start_timer_;
    std::unique_ptr<os::Timer> stop_timer_;
    std::unique_ptr<os::Timer> kill_timer_;
    std::optional<Error> failure_;  ///< set before `stopping_`
    std::atomic<bool> asked_by_program_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<bool> killing_{false};
    std::atomic<bool> runs_on_kill_{false};
    std::atomic<bool> serving_{false};
    std::atomic<bool> started_{false};
    std::atomic<bool> ends_activity_{false};
    std::atomic<bool> is_lost_{false};     ///< the lock limits the end
    std::atomic<bool> hands_over_{false};  ///< the lock hands over, in a time of its own
};

}  // namespace servicekit

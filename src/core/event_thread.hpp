#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/activity.hpp"
#include "core/event_handlers.hpp"
#include "core/event_pool.hpp"
#include "core/event_queue.hpp"
#include "core/event_runner.hpp"
#include "core/health_checks.hpp"
#include "core/life_state.hpp"
#include "core/runs.hpp"
#include "core/service_status.hpp"
#include "core/shutdown.hpp"
#include "core/timers.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/crash_reporter.hpp"

namespace servicekit {

/// Runs the handlers of the application, from the start event to the stop event. All functions are called on the thread
/// that runs the handlers.
class EventThread {
public:
    EventThread(EventHandlers& handlers, ServiceStatus& status, EventQueue& queue, EventRunner& runner, Runs& runs,
                EventPool& pool, Timers& timers, HealthChecks& health_checks, Shutdown& shutdown, Activity& activity,
                LifeState& state, os::CrashReporter& crashes, Logger& log)
        : handlers_{handlers},
          status_{status},
          queue_{queue},
          runner_{runner},
          runs_{runs},
          pool_{pool},
          timers_{timers},
          health_checks_{health_checks},
          shutdown_{shutdown},
          activity_{activity},
          state_{state},
          crashes_{crashes},
          log_{log} {}

    /// What run() calls.
    struct Calls {
        std::function<void()> on_standby;  ///< each time when the service stands by
        std::function<void()>
            on_ready;  ///< once, between the start event and the others, or when the service stands by
    };
    struct Outcome {
        std::optional<Error> failure = {};     ///< why the service failed
        std::optional<Error> stop_fault = {};  ///< why its stop was not clean
    };
    /// Runs the start event, all requested events, and the stop event; again and again if the lock has a second level.
    /// \pre the loop runs
    [[nodiscard]] Outcome run(const Calls& calls);

    /// Adds a cleanup, as ServiceBase::add_cleanup() does.
    void add_cleanup(std::function<void()> cleanup) { cleanups_.push_back(std::move(cleanup)); }
    /// Runs the cleanups that have not run yet. run() calls this at its end.
    void run_cleanups();

private:
    /// How far an activity has come.
    struct Progress {
        bool has_begun = false;    ///< the start event was run
        bool has_started = false;  ///< it succeeded
        bool uses_pool = false;
    };
    /// Runs one activity, and the wait for it. \returns true if the service stands by again
    bool live(Outcome& outcome, const Calls& calls);
    std::optional<Error> begin(Progress& progress, const Calls& calls);
    void end(Outcome& outcome, const Progress& progress);
    /// Ends the activity of a service whose lock has a second level. \returns true if the service stands by again
    bool give_up_lock(Outcome& outcome, const Progress& progress);
    std::optional<Error> stand_by(const Calls& calls);
    void serve_in_standby(const std::shared_ptr<QueuedEvent>& run);
    void announce_ready(const Calls& calls);
    std::optional<Error> start_event();
    void serve();
    void serve(const std::shared_ptr<QueuedEvent>& run);
    /// Waits for the events on the pool and those that are answered later. All of them have been asked to end.
    void await_runs(const Progress& progress);
    [[noreturn]] void kill_event();
    std::optional<Error> stop_event();

    EventHandlers& handlers_;
    ServiceStatus& status_;
    EventQueue& queue_;
    EventRunner& runner_;
    Runs& runs_;
    EventPool& pool_;
    Timers& timers_;
    HealthChecks& health_checks_;
    Shutdown& shutdown_;
    Activity& activity_;
    LifeState& state_;
    os::CrashReporter& crashes_;
    Logger& log_;
    std::vector<std::function<void()>> cleanups_;
    bool is_ready_ = false;
};

}  // namespace servicekit

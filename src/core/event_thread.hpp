#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/event_handlers.hpp"
#include "core/event_pool.hpp"
#include "core/event_queue.hpp"
#include "core/event_runner.hpp"
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
                EventPool& pool, Timers& timers, Shutdown& shutdown, LifeState& state, os::CrashReporter& crashes,
                Logger& log)
        : handlers_{handlers},
          status_{status},
          queue_{queue},
          runner_{runner},
          runs_{runs},
          pool_{pool},
          timers_{timers},
          shutdown_{shutdown},
          state_{state},
          crashes_{crashes},
          log_{log} {}

    struct Outcome {
        std::optional<Error> failure = {};     ///< why the service failed
        std::optional<Error> stop_fault = {};  ///< why its stop was not clean
    };
    /// Runs the start event, all requested events, and the stop event. \pre the loop runs
    /// \param on_ready is called between the start event and the others
    [[nodiscard]] Outcome run(const std::function<void()>& on_ready);

    /// Adds a cleanup, as ServiceBase::add_cleanup() does.
    void add_cleanup(std::function<void()> cleanup) { cleanups_.push_back(std::move(cleanup)); }
    /// Runs the cleanups that have not run yet. run() calls this at its end.
    void run_cleanups();

private:
    std::optional<Error> start_event();
    void serve();
    void serve(const std::shared_ptr<QueuedEvent>& run);
    /// Waits for the events on the pool and those that are answered later. All of them have been asked to end.
    void await_runs();
    [[noreturn]] void kill_event();
    std::optional<Error> stop_event();

    EventHandlers& handlers_;
    ServiceStatus& status_;
    EventQueue& queue_;
    EventRunner& runner_;
    Runs& runs_;
    EventPool& pool_;
    Timers& timers_;
    Shutdown& shutdown_;
    LifeState& state_;
    os::CrashReporter& crashes_;
    Logger& log_;
    std::vector<std::function<void()>> cleanups_;
};

}  // namespace servicekit

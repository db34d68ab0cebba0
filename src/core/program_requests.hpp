#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "core/activity.hpp"
#include "core/built_in_events.hpp"
#include "core/event_handlers.hpp"
#include "core/event_pool.hpp"
#include "core/event_queue.hpp"
#include "core/event_runner.hpp"
#include "core/instance.hpp"
#include "core/life_state.hpp"
#include "core/run_requests.hpp"
#include "core/service_status.hpp"
#include "core/shutdown.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/process.hpp"

namespace servicekit {

/// Requests of the application itself. All functions throw CallError if the event cannot be run or queued.
class ProgramRequests {
public:
    ProgramRequests(const EventTable& events, EventQueue& queue, EventRunner& runner, EventPool& pool,
                    RunRequests& run_requests, EventHandlers& handlers, const ServiceStatus& status,
                    const LifeState& state, Shutdown& shutdown, Activity& activity, const Instance& instance,
                    const os::Process& process, Logger& log)
        : events_{events},
          queue_{queue},
          runner_{runner},
          pool_{pool},
          run_requests_{run_requests},
          handlers_{handlers},
          status_{status},
          state_{state},
          shutdown_{shutdown},
          activity_{activity},
          instance_{instance},
          process_{process},
          log_{log} {}

    /// Returns the runner of the handler that calls; null if the caller is not a handler.
    [[nodiscard]] EventRunner* runner_here() const;
    /// Runs an event at once, within the handler that requests it. \param runner of that handler
    Reply run_nested(EventRunner& runner, std::string_view event, const Object& arguments);
    /// Queues an event. Can be called from any thread.
    void queue(std::string_view event, const Object& arguments, CallbackAnswer::Callback callback);
    /// Queues a function. Can be called from any thread.
    void queue_work(std::string_view what, std::function<void()> work);
    /// Returns this process, as the peer that requests the events.
    [[nodiscard]] Peer self() const;

private:
    [[nodiscard]] std::pair<std::shared_ptr<const EventDeclaration>, Arguments> check(std::string_view event,
                                                                                      const Object& arguments) const;
    void check_takes_events() const;
    void push(std::shared_ptr<const EventDeclaration> event, Arguments arguments, CallbackAnswer::Callback callback);
    /// \param event stop or kill
    [[nodiscard]] Reply end(BuiltIn event);
    /// Lets the service resign later: the caller may be an event that has to end before that.
    [[nodiscard]] Reply resign(std::shared_ptr<const EventDeclaration> event, Arguments arguments);

    const EventTable& events_;
    EventQueue& queue_;
    EventRunner& runner_;
    EventPool& pool_;
    RunRequests& run_requests_;
    EventHandlers& handlers_;
    const ServiceStatus& status_;
    const LifeState& state_;
    Shutdown& shutdown_;
    Activity& activity_;
    const Instance& instance_;
    const os::Process& process_;
    Logger& log_;
};

}  // namespace servicekit

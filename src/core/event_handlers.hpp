#pragma once

#include <memory>
#include <string_view>

#include "core/announcements.hpp"
#include "core/built_in_replies.hpp"
#include "core/configuration.hpp"
#include "core/event_pool.hpp"
#include "core/event_runner.hpp"
#include "core/life_state.hpp"
#include "core/run_requests.hpp"
#include "core/service_status.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/core/service_options.hpp"

namespace servicekit {

/// Finds the handler of an event, declared or built in, and runs it. For the event thread.
class EventHandlers {
public:
    /// \param program has on_start(), on_stop() and on_kill()
    EventHandlers(const EventHooks& program, const EventTable& events, EventRunner& runner, EventPool& pool,
                  RunRequests& run_requests, Configuration& configuration, ServiceStatus& status,
                  BuiltInReplies& replies, LifeState& state, Announcements& announcements, ServiceMetrics& metrics,
                  Logger& log)
        : program_{program},
          events_{events},
          runner_{runner},
          pool_{pool},
          run_requests_{run_requests},
          configuration_{configuration},
          status_{status},
          replies_{replies},
          state_{state},
          announcements_{announcements},
          metrics_{metrics},
          log_{log} {}

    [[nodiscard]] Handler of(const EventDeclaration& event);
    /// Runs a queued event and answers it.
    void run(const std::shared_ptr<QueuedEvent>& run);
    /// Runs `start`, `stop` or `kill`. \throws what the handler throws
    void run(std::string_view event);

private:
    /// Wraps a handler as a reload: the state and the daemon policy show when it begins and when it is over.
    [[nodiscard]] Handler as_reload(Handler handler);
    /// Wraps a handler so that nothing else runs at the same time.
    [[nodiscard]] Handler alone(Handler handler);

    const EventHooks& program_;
    const EventTable& events_;
    EventRunner& runner_;
    EventPool& pool_;
    RunRequests& run_requests_;
    Configuration& configuration_;
    ServiceStatus& status_;
    BuiltInReplies& replies_;
    LifeState& state_;
    Announcements& announcements_;
    ServiceMetrics& metrics_;
    Logger& log_;
};

}  // namespace servicekit

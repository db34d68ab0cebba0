#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/activity.hpp"
#include "core/built_in_replies.hpp"
#include "core/deadlines.hpp"
#include "core/end_askers.hpp"
#include "core/event_pool.hpp"
#include "core/event_queue.hpp"
#include "core/event_runner.hpp"
#include "core/large_requests.hpp"
#include "core/life_state.hpp"
#include "core/paced_warnings.hpp"
#include "core/protocol.hpp"
#include "core/queued_event.hpp"
#include "core/run_requests.hpp"
#include "core/service_log.hpp"
#include "core/service_metrics.hpp"
#include "core/service_status.hpp"
#include "core/shutdown.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/signals.hpp"
#include "servicekit/policy/control_policy.hpp"

namespace servicekit {

class StatusAskers;

/// Answers requests and signals on the loop's thread. If a request needs a handler of the program, it is queued.
/// Otherwise it is answered at once. Except for stop callbacks, none of the program's code runs here, so the service
/// answers even while a handler runs, hangs or throws.
class ControlPlane final : public Requests {
public:
    ControlPlane(const EventTable& events, EventQueue& queue, EventRunner& runner, EventPool& pool,
                 RunRequests& run_requests, const LifeState& state, ServiceStatus& status, BuiltInReplies& replies,
                 Shutdown& shutdown, Activity& activity, EndAskers& end_askers, ServiceLog& service_log,
                 ServiceMetrics& metrics, const os::Host& host, Logger& log)
        : events_{events},
          queue_{queue},
          runner_{runner},
          pool_{pool},
          run_requests_{run_requests},
          state_{state},
          status_{status},
          replies_{replies},
          shutdown_{shutdown},
          activity_{activity},
          end_askers_{end_askers},
          service_log_{service_log},
          metrics_{metrics},
          clock_{*host.clock},
          log_{log},
          large_requests_{host, [this](LargeRequests::Decoded& decoded) {
                              serve(decoded.result, decoded.peer, decoded.responder);
                          }} {}

    /// Answers the event on the loop's thread, even while a handler runs, until the event is replaced. Call before the
    /// start.
    /// \param answer neither blocks nor throws
    void answer_at_once(std::shared_ptr<const EventDeclaration> event, std::function<Object()> answer);
    /// \pre the loop does not run yet
    void arm(os::EventLoop& loop);

    void request(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder) override;
    [[nodiscard]] std::string refuse(const Refusal& refusal) override;
    void note(const Error& error) override;

    /// Refuses the requests that are not decoded yet.
    void refuse_undecoded() { large_requests_.refuse_all(); }
    /// Ends the thread that decodes. \pre undecoded requests were refused, and the loop has ended
    void close() { large_requests_.close(); }

    void signalled(const os::ReceivedSignal& signal);

private:
    using Event = std::shared_ptr<const EventDeclaration>;

    /// \param decoded a request or an error object
    void serve(std::variant<Request, Object>& decoded, const Peer& peer, std::shared_ptr<Responder> responder);
    void fail(Object error, Responder& responder);
    void answer_status(const Event& event, Arguments&& arguments, Request& request, const Peer& peer,
                       const std::shared_ptr<Responder>& responder);
    /// Ends the service, by the event `stop` or `kill`.
    void end(const Event& event, const Request& request, const Peer& peer, const std::shared_ptr<Responder>& responder);
    /// Makes a run with the options of the request. Its timeout begins now.
    std::shared_ptr<QueuedEvent> make_run(const Event& event, Arguments arguments, const Request& request,
                                          const Peer& peer, std::unique_ptr<Answer> answer);
    std::shared_ptr<QueuedEvent> queue(const Event& event, Arguments arguments, const Request& request,
                                       const Peer& peer, std::unique_ptr<Answer> answer);
    void wake_event_thread();
    void cancel(const EventDeclaration& event, const Arguments& arguments, const Peer& peer, Responder& responder);
    void follow(const std::shared_ptr<QueuedEvent>& follower);
    void log_refusal(const CallError& refused, const EventDeclaration& event, const Peer& peer);
    void flush_log(std::shared_ptr<Responder> responder);
    void queue_reload(const Peer& sender);
    /// \param bytes length of the request
    void log_request(const EventDeclaration& event, const Object& arguments, std::size_t bytes, const Peer& peer);
    /// Logs the refusal and returns the error object. \param event name that the client sent; the event may not exist
    [[nodiscard]] Object refuse_peer(const std::string& event, ControlRole needs, const Peer& peer);

    const EventTable& events_;
    EventQueue& queue_;
    EventRunner& runner_;
    EventPool& pool_;
    RunRequests& run_requests_;
    const LifeState& state_;
    ServiceStatus& status_;
    BuiltInReplies& replies_;
    Shutdown& shutdown_;
    Activity& activity_;
    EndAskers& end_askers_;
    ServiceLog& service_log_;
    ServiceMetrics& metrics_;
    const os::Clock& clock_;
    Logger& log_;
    os::EventLoop* loop_ = nullptr;
    std::map<Event, std::function<Object()>> answers_at_once_;
    std::unique_ptr<Deadlines> deadlines_;
    std::weak_ptr<QueuedEvent> queued_reload_;
    std::string status_line_;  ///< keeps its memory for the next reply
    std::weak_ptr<QueuedEvent> queued_status_;
    std::weak_ptr<StatusAskers> status_askers_;  ///< the clients that `queued_status_` answers
    bool wakes_soon_ = false;
    bool interrupted_ = false;  ///< SIGINT was received from the terminal
    PacedWarnings refusals_{"refusals"};
    PacedWarnings failures_{"failures"};
    LargeRequests large_requests_;
};

}  // namespace servicekit

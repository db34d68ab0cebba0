#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/built_in_events.hpp"
#include "core/crash_reports.hpp"
#include "core/deadlines.hpp"
#include "core/paced_warnings.hpp"
#include "core/protocol.hpp"
#include "core/queued_event.hpp"
#include "servicekit/os/signals.hpp"
#include "servicekit/policy/control_policy.hpp"

namespace servicekit {

class ServiceCore;
class StatusAskers;

/// Answers requests and signals on the loop's thread: at once what needs no handler of the program's, by way of the
/// queue what does. It never runs the program's code, and so answers while a handler runs, hangs or throws.
class ControlPlane final : public Requests {
public:
    explicit ControlPlane(ServiceCore& core);

    /// \pre the loop exists and does not turn yet.
    void arm();

    void request(std::string_view text, const Peer& peer, std::shared_ptr<Responder> responder) override;
    [[nodiscard]] std::string refuse(const Refusal& refusal) override;
    void note(const Error& error) override;

    void signalled(const os::ReceivedSignal& signal);

    /// The library's own reply of an event that needs no handler, after doing what it does. From any thread.
    Result<Object> do_at_once(BuiltIn event, const Arguments& arguments);
    /// The status's built-in fields. From any thread.
    [[nodiscard]] Object status_fields() const;

private:
    [[nodiscard]] Object log_level(const Arguments& arguments);
    using Event = std::shared_ptr<const EventDeclaration>;

    void answer_status(const Event& event, Request& request, const Peer& peer,
                       const std::shared_ptr<Responder>& responder);
    /// Ends the service, by the event `stop` or `kill`.
    void end(const Event& event, const Request& request, const Peer& peer, const std::shared_ptr<Responder>& responder);
    /// With what the request wants; its time counts from now on.
    std::shared_ptr<QueuedEvent> make_run(const Event& event, Arguments arguments, const Request& request,
                                          const Peer& peer, std::unique_ptr<Answer> answer);
    std::shared_ptr<QueuedEvent> queue(const Event& event, Arguments arguments, const Request& request,
                                       const Peer& peer, std::unique_ptr<Answer> answer);
    void wake_event_thread();
    [[nodiscard]] Object list_events() const;
    [[nodiscard]] Object list_settings() const;
    /// The reply of `events`, made again if the events have changed.
    [[nodiscard]] const std::string& events_line();
    [[nodiscard]] Result<Object> list_crashes();
    void flush_log(std::shared_ptr<Responder> responder);
    void queue_reload(const Peer& sender);
    void log_request(const EventDeclaration& event, const Object& arguments, const Peer& peer);
    /// The error object, after a line in the log. \param event as the client named it; there may be none of that name
    [[nodiscard]] Object refuse_peer(const std::string& event, ControlRole needs, const Peer& peer);

    ServiceCore* core_;
    std::unique_ptr<Deadlines> deadlines_;
    std::weak_ptr<QueuedEvent> queued_reload_;
    std::weak_ptr<QueuedEvent> queued_status_;
    std::weak_ptr<StatusAskers> status_askers_;  ///< of the same run
    std::mutex known_crashes_mutex_;
    CrashReports::Memory known_crashes_;
    std::string events_line_;
    std::uint64_t events_line_revision_ = 0;  ///< of the event table when it was made; 0: it was not made
    bool wakes_soon_ = false;
    bool interrupted_ = false;  ///< SIGINT was typed on the terminal
    PacedWarnings refusals_{"refusals"};
    PacedWarnings failures_{"failures"};
    std::mutex flush_mutex_;
    std::vector<std::shared_ptr<Responder>> wait_for_flush_;  ///< a flush that has not begun is under way for them
};

}  // namespace servicekit

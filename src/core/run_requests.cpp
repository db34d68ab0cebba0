#include "core/run_requests.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/built_in_events.hpp"
#include "core/event_log.hpp"
#include "core/peer_words.hpp"
#include "core/protocol.hpp"

namespace servicekit {
namespace {

CallError error_of(const char* event, std::string code, const std::string& message, const Object& more = {}) {
    Object fields{{"event", event}};
    fields.merge(more);
    return {std::move(code), message, fields};
}

CallError unknown_id(const char* event, std::int64_t id) {
    return error_of(event, "bad-argument", "no event of the id " + std::to_string(id) + " runs or waits",
                    {{"argument", "id"}, {"expected", "an id that 'status' lists"}});
}

CallError refusal(const char* event, ControlRole needs, const Peer& by) {
    return error_of(event, "not-allowed",
                    user_in_words(by) + " may not " + event + " this event: it needs the role '" +
                        std::string{to_string(needs)} + "'",
                    {{"needs", to_string(needs)}});
}

}  // namespace

RunRequests::Run RunRequests::find(std::int64_t id) const {
    const auto number = static_cast<std::uint64_t>(id);
    auto run = queue_.find(number);
    // In this order: an event leaves the queue before it runs.
    if (!run) run = runs_.find(number);
    return run && run->event().name != "status" ? run : nullptr;
}

bool RunRequests::is_own(const QueuedEvent& run, const Peer& by) const {
    return by.uid != no_id && by.uid == run.peer().uid && users_.is_one_user(by.uid);
}

Result<Object, CallError> RunRequests::cancel(std::int64_t id, const Peer& by) {
    const Run run = find(id);
    if (!run) {
        // Only clients that may read the status may find out which events exist.
        if (by.role < ControlRole::read) return refusal("cancel", ControlRole::operate, by);
        return unknown_id("cancel", id);
    }
    const bool is_waiting = queue_.holds(*run);
    const ControlRole needs = std::max(run->event().needs.value_or(ControlRole::operate), ControlRole::operate);
    const auto refused = refusal("cancel", by.role < ControlRole::read ? ControlRole::operate : needs, by);
    if (!(is_waiting && is_own(*run, by)) && by.role < needs) return refused;

    const std::string& name = run->event().name;
    Object reply{{"id", id}, {"event", name}};
    if (is_waiting && queue_.remove(*run)) {
        metrics_.event_never_ran(name);
        const std::string who = in_words(by);
        if (run->logs_outcome()) EventLog{log_}.never_ran(name, "cancelled by " + who);
        run->fail(cancelled_error(name, who));
        reply.append("result", "cancelled");
        return reply;
    }
    // The event has begun since the first check, so its own caller needs the role, too.
    if (by.role < needs) return refused;
    if (built_in_of(run->event()) != nullptr)
        return error_of("cancel", "event-error", "'" + name + "' runs already, and can't be cancelled",
                        {{"type", "servicekit::Error"}});
    Runs::cancel(*run, in_words(by));
    reply.append("result", "cancel-initiated");
    return reply;
}

std::optional<CallError> RunRequests::follow(std::int64_t id, const std::shared_ptr<QueuedEvent>& follower) {
    const Peer& by = follower->peer();
    Run run = find(id);
    // The answers to these do more than to send the reply of a handler.
    const BuiltInEvent* const row = run ? built_in_of(run->event()) : nullptr;
    if (row != nullptr && (row->is_done_at_once || row->id == BuiltIn::log_flush)) run.reset();
    const ControlRole needs = run ? run->event().needs.value_or(ControlRole::operate) : ControlRole::read;
    const bool may_call = run && by.role >= needs;
    // A reply may be meant for its caller alone.
    const bool may_follow = may_call && (is_own(*run, by) || by.role >= ControlRole::owner);
    // Only clients that may read the status may find out which events exist.
    if (!may_follow && by.role < ControlRole::read) return refusal("follow", ControlRole::read, by);
    if (run && !may_follow) return refusal("follow", may_call ? ControlRole::owner : needs, by);
    if (!run || !run->add_follower(follower)) return unknown_id("follow", id);
    return std::nullopt;
}

}  // namespace servicekit

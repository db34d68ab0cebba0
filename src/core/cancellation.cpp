#include "core/cancellation.hpp"

#include <algorithm>
#include <string>

#include "core/built_in_events.hpp"
#include "core/event_log.hpp"
#include "core/peer_words.hpp"
#include "core/protocol.hpp"

namespace servicekit {
namespace {

CallError cancel_error(std::string code, const std::string& message, const Object& more = {}) {
    Object fields{{"event", "cancel"}};
    fields.merge(more);
    return {std::move(code), message, fields};
}

}  // namespace

Result<Object, CallError> Cancellation::cancel(std::int64_t id, const Peer& by) {
    const auto number = static_cast<std::uint64_t>(id);
    const auto waiting = queue_.find(number);
    const auto run = waiting ? waiting : runs_.find(number);
    if (!run || run->event().name == "status") {
        // Only clients that may read the status may find out which events exist.
        if (by.role < ControlRole::read) return refusal(ControlRole::operate, by);
        return cancel_error("bad-argument", "no event of the id " + std::to_string(id) + " runs or waits",
                            {{"argument", "id"}, {"expected", "an id that 'status' lists"}});
    }
    const bool is_own = waiting && by.uid != no_id && by.uid == run->peer().uid && users_.is_one_user(by.uid);
    const ControlRole needs = std::max(run->event().needs.value_or(ControlRole::operate), ControlRole::operate);
    const auto refused = refusal(by.role < ControlRole::read ? ControlRole::operate : needs, by);
    if (!is_own && by.role < needs) return refused;

    const std::string& name = run->event().name;
    Object reply{{"id", id}, {"event", name}};
    if (waiting && queue_.remove(*run)) {
        const std::string who = in_words(by);
        if (run->logs_outcome()) EventLog{log_}.never_ran(name, "cancelled by " + who);
        run->fail(cancelled_error(name, who));
        reply.append("result", "cancelled");
        return reply;
    }
    // The event has begun since the first check, so its own caller needs the role, too.
    if (by.role < needs) return refused;
    if (built_in_of(run->event()) != nullptr)
        return cancel_error("event-error", "'" + name + "' runs already, and can't be cancelled",
                            {{"type", "servicekit::Error"}});
    Runs::cancel(*run, in_words(by));
    reply.append("result", "cancel-initiated");
    return reply;
}

CallError Cancellation::refusal(ControlRole needs, const Peer& by) {
    return cancel_error(
        "not-allowed",
        user_in_words(by) + " may not cancel this event: it needs the role '" + std::string{to_string(needs)} + "'",
        {{"needs", to_string(needs)}});
}

}  // namespace servicekit

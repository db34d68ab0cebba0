#include "core/run_end.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "core/caught_exception.hpp"
#include "core/event_log.hpp"
#include "core/protocol.hpp"

namespace servicekit {

[[gnu::hot]] void RunEnd::succeed(QueuedEvent& run, const Object& fields) const {
    if (run.cancelled_by() && end_cancelled(run, fields.empty() ? Object{} : Object{{"reply", fields}})) return;
    count(run, Outcome::done);
    // A reload logs its outcome itself, with more detail.
    if (run.logs_outcome() && run.event().name != "reload") EventLog{log_}.done(run.event().name, time_of(run));
    time_out_if_late(run);
    CollectedItems collected = run.take_collected();
    collected.empty() ? run.succeed(fields) : run.succeed(std::move(collected).with(fields));
}

void RunEnd::fail(QueuedEvent& run) const {
    time_out_if_late(run);
    try {
        throw;
    } catch (const BadArgument& bad) {
        if (end_cancelled(run, {{"reason", bad.what()}})) return;
        count(run, Outcome::failed);
        if (run.logs_outcome()) EventLog{log_}.failed(run.event().name, bad.what());
        run.fail(bad_argument(run.event().name, bad));
    } catch (...) {
        const CaughtException caught = describe_current_exception();
        if (end_cancelled(run, {{"reason", caught.message}})) return;
        count(run, Outcome::failed);
        EventLog{log_}.failed(run.event().name, caught.message + " (" + caught.type + ")");
        run.fail(caught.as_error(run.event().name));
    }
}

[[gnu::hot]] void RunEnd::time_out_if_late(QueuedEvent& run) const {
    if (!run.cancelled_by() && run.deadline() && clock_.steady_now() >= *run.deadline()) run.time_out();
}

std::chrono::milliseconds RunEnd::time_of(const QueuedEvent& run) const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - run.began_at());
}

[[gnu::hot]] void RunEnd::count(const QueuedEvent& run, Outcome outcome) const {
    metrics_.event_ended(run.event().name, outcome, clock_.steady_now() - run.began_at());
}

bool RunEnd::end_cancelled(QueuedEvent& run, const Object& more) const {
    const auto by = run.cancelled_by();
    if (!by) return false;
    count(run, Outcome::cancelled);
    EventLog{log_}.cancelled(run.event().name, time_of(run), *by);
    run.fail(cancelled_error(run.event().name, *by, more));
    return true;
}

}  // namespace servicekit

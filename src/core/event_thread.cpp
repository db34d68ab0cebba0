#include "core/event_thread.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/attempt.hpp"
#include "core/built_in_events.hpp"
#include "core/caught_exception.hpp"
#include "core/event_log.hpp"
#include "core/protocol.hpp"
#include "core/stage_outcome.hpp"

namespace servicekit {

EventThread::Outcome EventThread::run(const Calls& calls) {
    runner_.adopt_this_thread();
    crashes_.guard_this_thread();
    Outcome outcome;
    while (live(outcome, calls)) continue;
    run_cleanups();
    return outcome;
}

bool EventThread::live(Outcome& outcome, const Calls& calls) {
    Progress progress;
    outcome.failure = outcome_of([&] { return begin(progress, calls); });
    // No time limit applies to the end so far.
    if (progress.has_started && outcome.failure) shutdown_.post_stop(outcome.failure->message());
    if (progress.has_started || (progress.has_begun && activity_.is_ending())) end(outcome, progress);
    return activity_.has_standby() && give_up_lock(outcome, progress);
}

std::optional<Error> EventThread::begin(Progress& progress, const Calls& calls) {
    const bool has_standby = activity_.has_standby();
    if (has_standby) {
        if (auto error = stand_by(calls)) return error;
        if (!activity_.begin()) return std::nullopt;
    }
    progress.has_begun = true;
    if (auto error = start_event()) return error;
    progress.has_started = true;
    if (has_standby && activity_.is_ending()) return std::nullopt;
    health_checks_.begin();
    shutdown_.set_started();
    state_.become(ServiceState::running);
    if (has_standby) activity_.begin_to_serve();
    log_.info("ready");
    announce_ready(calls);
    timers_.begin();
    progress.uses_pool = true;
    pool_.resume();
    serve();
    return std::nullopt;
}

void EventThread::end(Outcome& outcome, const Progress& progress) {
    auto& [failure, stop_fault] = outcome;
    state_.become(ServiceState::stopping);
    if (activity_.has_standby()) {
        activity_.quiet();
    } else {
        timers_.stop();
        // At least half of the time is left for the events and on_stop().
        health_checks_.stop(std::min(HealthChecks::patience, shutdown_.stop_timeout() / 2));
    }
    await_runs(progress);
    stop_fault = stop_event();
    if (stop_fault && failure) log_.error(stop_fault->message());
    if (!failure) failure = stop_fault;
    if (!failure && shutdown_.is_stopping()) failure = shutdown_.failure();
    if (progress.has_started) stop_fault = failure;
}

bool EventThread::give_up_lock(Outcome& outcome, const Progress& progress) {
    auto& [failure, stop_fault] = outcome;
    const auto lost = outcome_of([this] { return activity_.end(); });
    if (lost && failure) log_.error(failure->message());
    if (lost) failure = stop_fault = lost;
    if (failure && (lost || progress.has_started)) shutdown_.post_stop(failure->message());
    const bool goes_on = !failure && !shutdown_.is_asked_for();
    if (goes_on) return true;
    activity_.answer_resigner(failure);
    timers_.stop();
    state_.become(ServiceState::stopping);
    return false;
}

std::optional<Error> EventThread::stand_by(const Calls& calls) {
    auto error = activity_.stand_by();
    activity_.answer_resigner(error);
    if (error) return error;
    calls.on_standby();
    if (activity_.is_ready_in_standby()) announce_ready(calls);
    while (activity_.is_waiting()) {
        if (const auto run = queue_.take())
            serve_in_standby(run);
        else if (const auto concurrent = queue_.take_concurrent())
            serve_in_standby(concurrent);
        else
            queue_.wait();
    }
    return std::nullopt;
}

void EventThread::serve_in_standby(const std::shared_ptr<QueuedEvent>& run) {
    const BuiltInEvent* const built_in = run->built_in();
    if (built_in != nullptr && built_in->is_served_in(ServiceState::standby)) return serve(run);
    // It was queued while the last activity ended.
    EventLog{log_}.decline(*run, not_ready_error(ServiceState::standby));
}

void EventThread::announce_ready(const Calls& calls) {
    if (!std::exchange(is_ready_, true)) calls.on_ready();
}

std::optional<Error> EventThread::start_event() {
    try {
        handlers_.run("start");
    } catch (...) {
        const CaughtException caught = describe_current_exception();
        return Error{ExitCode::internal, "start", "", caught.message};
    }
    if (!shutdown_.is_asked_for()) status_.ask_before_ready();
    // A service that has stood by has started before. Its activity ends like any other.
    if (shutdown_.is_asked_for() && !activity_.has_standby())
        return Error{ExitCode::timeout, "start", "", "stopped while starting"};
    return std::nullopt;
}

[[gnu::hot]] void EventThread::serve() {
    // The flag is reset in any case, even if a policy or the system throws.
    struct Serving {
        explicit Serving(Shutdown& the_shutdown) : shutdown{the_shutdown} { shutdown.set_serving(true); }
        Serving(const Serving&) = delete;
        Serving& operator=(const Serving&) = delete;
        ~Serving() { shutdown.set_serving(false); }
        Shutdown& shutdown;
    };
    const Serving serving{shutdown_};
    for (;;) {
        if (shutdown_.is_killing()) kill_event();
        if (shutdown_.is_stopping() || activity_.has_to_end() || activity_.has_lost()) break;
        // An event stays in the queue while on_status() runs. Otherwise a client could not find it by its id.
        const bool may_refresh = status_.may_have_own();
        const auto next = may_refresh ? queue_.first() : nullptr;
        if (next) static_cast<void>(attempt([&] { status_.refresh_before(next->event().name); }));
        const auto run = may_refresh && !next ? nullptr : queue_.take();
        run ? serve(run) : queue_.wait();
    }
}

[[gnu::hot]] void EventThread::serve(const std::shared_ptr<QueuedEvent>& run) {
    const std::string& name = run->event().name;
    try {
        handlers_.run(run);
    } catch (const std::bad_alloc&) {
        // The reply, or the code around the handler, lacks memory. If a handler lacks memory, the client gets an error
        // reply.
        static_cast<void>(run->lack_memory());
        static_cast<void>(attempt([&] { log_.error("out of memory around event '" + name + "'"); }));
    }
    runner_.yield_after(*run);
}

void EventThread::await_runs(const Progress& progress) {
    if (!runs_.are_over()) log_.info("the stop waits for the end of " + runs_.names());
    // Shutdown ends the process if this takes too long. An event that the pool has just taken does not count as a run
    // yet.
    if (progress.uses_pool) pool_.pause();
    while (!runs_.are_over()) queue_.wait();
}

void EventThread::kill_event() {
    shutdown_.begin_on_kill();
    try {
        handlers_.run("kill");
    } catch (...) {
        log_.error("event 'kill' failed: " + describe_current_exception().message);
    }
    shutdown_.finish_kill();
}

std::optional<Error> EventThread::stop_event() {
    try {
        handlers_.run("stop");
    } catch (...) {
        return Error{ExitCode::internal, "stop", "", describe_current_exception().message};
    }
    return std::nullopt;
}

void EventThread::run_cleanups() {
    while (!cleanups_.empty()) {
        const auto cleanup = std::move(cleanups_.back());
        cleanups_.pop_back();
        try {
            cleanup();
        } catch (...) {
            log_.error("a cleanup of the service failed: " + describe_current_exception().message);
        }
    }
}

}  // namespace servicekit

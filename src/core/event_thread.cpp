#include "core/event_thread.hpp"

#include <new>

#include "base/attempt.hpp"
#include "core/caught_exception.hpp"
#include "core/stage_outcome.hpp"

namespace servicekit {

EventThread::Outcome EventThread::run(const std::function<void()>& on_ready) {
    runner_.adopt_this_thread();
    crashes_.guard_this_thread();
    bool started = false;
    Outcome outcome;
    auto& [failure, stop_fault] = outcome;
    failure = outcome_of([&] {
        auto error = start_event();
        if (error) return error;
        started = true;
        shutdown_.set_started();
        state_.become(ServiceState::running);
        log_.info("ready");
        on_ready();
        timers_.begin();
        pool_.resume();
        serve();
        return error;
    });
    // No time limit applies to the end so far.
    if (started && failure) shutdown_.post_stop(failure->message());
    if (started || shutdown_.is_asked_for()) {
        state_.become(ServiceState::stopping);
        timers_.stop();
        await_runs();
        stop_fault = stop_event();
        if (stop_fault && failure) log_.error(stop_fault->message());
        if (!failure) failure = stop_fault;
        if (!failure && shutdown_.is_stopping()) failure = shutdown_.failure();
        if (started) stop_fault = failure;
    }
    run_cleanups();
    return outcome;
}

std::optional<Error> EventThread::start_event() {
    try {
        handlers_.run("start");
    } catch (...) {
        const CaughtException caught = describe_current_exception();
        return Error{ExitCode::internal, "start", "", caught.message};
    }
    if (!shutdown_.is_asked_for()) status_.ask_before_ready();
    if (shutdown_.is_asked_for()) return Error{ExitCode::timeout, "start", "", "stopped while starting"};
    return std::nullopt;
}

void EventThread::serve() {
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
        if (shutdown_.is_stopping()) break;
        if (const auto next = queue_.first()) {
            // The event stays in the queue while on_status() runs. Otherwise a client could not find it by its id.
            static_cast<void>(attempt([&] { status_.refresh_before(next->event().name); }));
            if (const auto run = queue_.take()) serve(run);
        } else {
            queue_.wait();
        }
    }
}

void EventThread::serve(const std::shared_ptr<QueuedEvent>& run) {
    const std::string& name = run->event().name;
    try {
        handlers_.run(run);
    } catch (const std::bad_alloc&) {
        // The reply, or the code around the handler, lacks memory. If a handler lacks memory, the client gets an error
        // reply.
        static_cast<void>(run->lack_memory());
        static_cast<void>(attempt([&] { log_.error("out of memory around event '" + name + "'"); }));
    }
}

void EventThread::await_runs() {
    if (!runs_.are_over()) log_.info("the stop waits for the end of " + runs_.names());
    // Shutdown ends the process if this takes too long. An event that the pool has just taken does not count as a run
    // yet.
    pool_.pause();
    while (!runs_.are_over()) queue_.wait();
}

void EventThread::kill_event() {
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

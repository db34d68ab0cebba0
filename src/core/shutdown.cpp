#include "core/shutdown.hpp"

#include <chrono>
#include <utility>

#include "base/attempt.hpp"
#include "base/durations.hpp"
#include "core/protocol.hpp"
#include "core/service_core.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
constexpr auto kill_event_limit = 1000ms;
constexpr auto last_flush_limit = 500ms;
/// How much longer than its limits an end may take that hangs in something that has none, as a file of a dead server.
constexpr auto hang_limit = 5000ms;

}  // namespace

void Shutdown::arm(os::EventLoop& loop) {
    start_timer_ = loop.timer();
    stop_timer_ = loop.timer();
    kill_timer_ = loop.timer();
}

void Shutdown::limit_start(std::chrono::milliseconds at_most) {
    start_limit_.begin(core_->host.clock->steady_now(), at_most, core_->extended_timeout.load());
    watch(*start_timer_, start_limit_, &Shutdown::start_is_overdue);
}

void Shutdown::watch(os::Timer& timer, const StepLimit& limit, void (Shutdown::*over)()) {
    timer.start(limit.left(core_->host.clock->steady_now()), [this, &timer, &limit, over] {
        // Progress moves the limit and leaves the timer as it is.
        if (limit.left(core_->host.clock->steady_now()) > 0ms) return watch(timer, limit, over);
        (this->*over)();
    });
}

void Shutdown::start_is_overdue() {
    if (!started_.load(std::memory_order_acquire)) escalate(ExitCode::timeout, "starting", start_limit_);
}

void Shutdown::stop_is_overdue() {
    const bool started = started_.load(std::memory_order_acquire);
    escalate(started ? ExitCode::internal : ExitCode::timeout, "stopping", stop_limit_);
}

std::chrono::milliseconds Shutdown::extend() {
    const auto now = core_->host.clock->steady_now();
    if (!is_stopping())
        return started_.load(std::memory_order_acquire) ? StepLimit::extension : start_limit_.extend(now);
    // An event that goes on although it was asked to end does not keep the service from stopping.
    if (const auto busy = core_->runner.busy(); !busy || busy->event != "stop") return 0ms;
    const auto time = stop_limit_.extend(now);
    constexpr auto often_enough = 1s;
    if (time > 0ms && now + time > sure_end_of_stop_ + often_enough) {
        sure_end_of_stop_ = now + time;
        end_for_sure_within(time + hang_limit);
    }
    return time;
}

void Shutdown::set_started() {
    started_.store(true, std::memory_order_release);
    core_->loop->post([this] { start_timer_->stop(); });
}

void Shutdown::stop(const std::string& why, std::optional<Error> failure) {
    if (is_stopping() || is_killing()) return;
    failure_ = std::move(failure);
    end_for_sure_within(core_->stop_timeout.load() + hang_limit);
    // None of the words is needed for the stop itself.
    static_cast<void>(attempt([&] { core_->log.info("stopping: " + why); }));
    if (started_.load(std::memory_order_acquire)) core_->set_state(ServiceState::stopping);
    stop_limit_.begin(core_->host.clock->steady_now(), core_->stop_timeout.load(), core_->extended_timeout.load());
    watch(*stop_timer_, stop_limit_, &Shutdown::stop_is_overdue);
    static_cast<void>(attempt([&] { core_->announcements.stopping(why); }));
    stopping_.store(true, std::memory_order_release);
    static_cast<void>(attempt([&] {
        for (const auto& run : core_->queue.close())
            core_->decline(*run, "not-ready", "the service is stopping", {{"state", "stopping"}});
    }));
    core_->runner.request_stop();
    core_->parking->unpark();
}

void Shutdown::kill(const std::string& why) {
    if (killing_.exchange(true, std::memory_order_acq_rel)) return finish(std::nullopt);
    end_for_sure_within(hang_limit);
    static_cast<void>(attempt([&] { core_->log.warning("killed: " + why); }));
    const bool started = started_.load(std::memory_order_acquire);
    if (started) core_->set_state(ServiceState::stopping);
    static_cast<void>(attempt([&] { core_->announcements.stopping("killed: " + why); }));
    core_->runner.request_stop();
    if (!started) return finish(Error{ExitCode::timeout, "start", "", "killed while starting"});
    if (!serving_.load(std::memory_order_acquire) || core_->runner.is_busy()) {
        static_cast<void>(attempt([this] {
            if (const auto busy = core_->runner.busy())
                core_->log.warning("on_kill is skipped: '" + busy->event + "' still runs");
        }));
        return finish(std::nullopt);
    }
    kill_timer_->start(kill_event_limit, [this] {
        static_cast<void>(attempt([this] {
            core_->log.warning("on_kill took longer than " + time_in_words(kill_event_limit) + " and is left");
        }));
        finish(std::nullopt);
    });
    core_->parking->unpark();
}

void Shutdown::run_kill_event() {
    try {
        const auto event = core_->events.find("kill");
        core_->runner.run_unasked(*event, {}, {}, core_->own_part(*event));
    } catch (...) {
        core_->log.error("event 'kill' failed: " + describe_current_exception().message);
    }
    core_->loop->post([this] { finish(std::nullopt); });
    for (;;) core_->parking->park();
}

void Shutdown::escalate(ExitCode code, const std::string& what, const StepLimit& limit) {
    killing_.store(true, std::memory_order_release);
    end_for_sure_within(hang_limit);
    Error error{code, code == ExitCode::timeout ? "start" : "stop", "", what + " took longer than " + limit.in_words()};
    if (const auto busy = core_->runner.busy(); busy && busy->event != "start" && busy->event != "stop") {
        error.reason += "; '" + busy->event + "' still runs";
        core_->log.error("on_stop is skipped: '" + busy->event + "' still runs");
    }
    finish(error);
}

void Shutdown::end_for_sure_within(std::chrono::milliseconds time) {
    if (auto set = core_->host.process->kill_after(time); !set)
        core_->log.warning("an end that hangs will not be cut short: " + set.error().message());
}

void Shutdown::finish(const std::optional<Error>& error) {
    auto& [daemon, lock, log, control] = *core_->policies;
    static_cast<void>(attempt([&] {
        if (error) core_->report(*error);
    }));
    static_cast<void>(attempt([&] {
        core_->end_askers.answer(error ? error : Error{ExitCode::internal, "stop", "", "it was killed"});
    }));
    control.close();
    static_cast<void>(attempt([this] { core_->close_log(last_flush_limit); }));
    core_->crash_watch.close_report();
    lock.release();
    static_cast<void>(attempt([&] {
        if (error) core_->announcements.failed(*error);
    }));
    core_->host.process->exit_now(error ? to_int(error->exit_code) : 0);
}

}  // namespace servicekit

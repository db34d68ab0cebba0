#include "core/shutdown.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/attempt.hpp"
#include "base/durations.hpp"
#include "core/event_log.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
constexpr auto kill_event_limit = 1000ms;
constexpr auto by_program = "asked for by the program";
/// How much longer than its limits an end may take if it hangs in something without a limit, such as a file on a dead
/// server.
constexpr auto hang_limit = 5000ms;
/// How long a lock may take to hand over, and how often a stop whose time is over looks if it has.
constexpr auto handover_limit = 10'000ms;
constexpr auto handover_look = 100ms;

}  // namespace

void Shutdown::arm(os::EventLoop& loop) {
    start_timer_ = loop.timer();
    stop_timer_ = loop.timer();
    kill_timer_ = loop.timer();
    loop_ = &loop;
}

void Shutdown::post_stop(const std::string& why) {
    loop_.load()->post([this, why] { stop(why); });
}

void Shutdown::post_kill(const std::string& why) {
    loop_.load()->post([this, why] { kill(why); });
}

void Shutdown::stop_for_program() {
    const bool has_loop = loop_.load() != nullptr;
    if (!has_loop && state_.now() != ServiceState::loading) return;
    asked_by_program_ = true;
    if (has_loop) post_stop(by_program);
}

void Shutdown::kill_for_program() {
    asked_by_program_ = true;
    post_kill(by_program);
}

void Shutdown::limit_start(std::chrono::milliseconds at_most) {
    start_limit_.begin(host_.clock->steady_now(), at_most, limits_.extended());
    watch(*start_timer_, start_limit_, &Shutdown::start_is_overdue);
}

void Shutdown::watch(os::Timer& timer, const StepLimit& limit, void (Shutdown::*over)()) {
    timer.start(limit.left(host_.clock->steady_now()), [this, &timer, &limit, over] {
        // Progress extends the limit, but does not change the timer.
        if (limit.left(host_.clock->steady_now()) > 0ms) return watch(timer, limit, over);
        (this->*over)();
    });
}

void Shutdown::start_is_overdue() {
    if (!started_.load(std::memory_order_acquire)) escalate(ExitCode::timeout, "starting", start_limit_);
}

void Shutdown::stop_is_overdue() {
    if (hands_over_.load(std::memory_order_acquire)) {
        stop_timer_->start(handover_look, [this] { watch(*stop_timer_, stop_limit_, &Shutdown::stop_is_overdue); });
        return;
    }
    const bool is_fault = started_.load(std::memory_order_acquire) && !is_lost_.load(std::memory_order_acquire);
    escalate(is_fault ? ExitCode::internal : ExitCode::timeout, "stopping", stop_limit_);
}

std::chrono::milliseconds Shutdown::extend() {
    const auto now = host_.clock->steady_now();
    if (is_lost_.load(std::memory_order_acquire)) return 0ms;
    if (!is_stopping() && !ends_activity_.load(std::memory_order_acquire))
        return started_.load(std::memory_order_acquire) ? StepLimit::extension : start_limit_.extend(now);
    // An event that continues after it was asked to end must not delay the stop.
    if (const auto busy = runner_.busy(); !busy || busy->event != "stop") return 0ms;
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
    loop_.load()->post([this] { start_timer_->stop(); });
}

void Shutdown::begin_start_again(std::chrono::milliseconds at_most) {
    started_.store(false, std::memory_order_release);
    loop_.load()->post([this, at_most] { limit_start(at_most); });
}

void Shutdown::limit_end(std::chrono::milliseconds at_most, std::chrono::milliseconds in_all) {
    const auto now = host_.clock->steady_now();
    // A loss leaves no more time, whatever follows it.
    if (is_lost_.load(std::memory_order_acquire)) at_most = in_all = std::min(at_most, stop_limit_.left(now));
    stop_limit_.begin(now, at_most, in_all);
    watch(*stop_timer_, stop_limit_, &Shutdown::stop_is_overdue);
}

void Shutdown::end_events() {
    static_cast<void>(attempt([&] {
        for (const auto& run : queue_.close()) EventLog{log_}.decline(*run, queue_.refusal());
    }));
    queue_.wake();
    // Last, because it calls stop callbacks of the program.
    runs_.request_stop();
    queue_.wake();
}

void Shutdown::end_activity(const std::string& why, EndOfActivity limit) {
    if (is_stopping() || is_killing()) return;
    if (!limit.is_loss) end_for_sure_within(limit.at_most + hang_limit);
    if (started_.load(std::memory_order_acquire)) state_.become(ServiceState::stopping);
    limit_end(limit.at_most, limit.is_loss ? limit.at_most : limits_.extended());
    is_lost_.store(limit.is_loss, std::memory_order_release);
    static_cast<void>(attempt([&] { announcements_.ending_activity(why); }));
    ends_activity_.store(true, std::memory_order_release);
    end_events();
}

void Shutdown::hurry(std::chrono::milliseconds at_most) {
    const auto left = std::min(at_most, stop_limit_.left(host_.clock->steady_now()));
    limit_end(left, left);
    is_lost_.store(true, std::memory_order_release);
}

void Shutdown::begin_handover() noexcept {
    hands_over_.store(true, std::memory_order_release);
    if (is_ending()) static_cast<void>(attempt([this] { end_for_sure_within(handover_limit + hang_limit); }));
}

void Shutdown::end_handover() {
    stop_limit_.begin(host_.clock->steady_now(), limits_.stop(), limits_.extended());
    hands_over_.store(false, std::memory_order_release);
}

void Shutdown::set_activity_over() {
    is_lost_.store(false, std::memory_order_release);
    ends_activity_.store(false, std::memory_order_release);
    if (is_killing()) return;
    if (is_stopping()) {
        // The rest of the stop has a limit of its own. The lock may have used the kernel's timer.
        end_for_sure_within(limits_.stop() + hang_limit);
        return limit_end(limits_.stop(), limits_.extended());
    }
    stop_timer_->stop();
    host_.process->spare();
}

void Shutdown::stop(const std::string& why, std::optional<Error> failure) {
    if (is_stopping() || is_killing()) return;
    failure_ = std::move(failure);
    stop_note_.stop_begins();
    end_for_sure_within(limits_.stop() + hang_limit);
    // The stop does not depend on its messages.
    static_cast<void>(attempt([&] { log_.info("stopping: " + why); }));
    if (started_.load(std::memory_order_acquire)) state_.become(ServiceState::stopping);
    limit_end(limits_.stop(), limits_.extended());
    static_cast<void>(attempt([&] { announcements_.stopping(why); }));
    stopping_.store(true, std::memory_order_release);
    end_events();
}

void Shutdown::kill(const std::string& why) {
    if (killing_.exchange(true, std::memory_order_acq_rel)) return forced_exit_(std::nullopt);
    end_for_sure_within(hang_limit);
    static_cast<void>(attempt([&] { log_.warning("killed: " + why); }));
    const bool started = started_.load(std::memory_order_acquire);
    if (started) state_.become(ServiceState::stopping);
    static_cast<void>(attempt([&] { announcements_.stopping("killed: " + why); }));
    runs_.request_stop();
    if (!started) return forced_exit_(Error{ExitCode::timeout, "start", "", "killed while starting"});
    // The event thread may have seen already that the service is killed, and run on_kill.
    const bool is_busy = runner_.is_busy() && !runs_on_kill_.load(std::memory_order_acquire);
    if (!serving_.load(std::memory_order_acquire) || is_busy || !runs_.are_over()) {
        static_cast<void>(attempt([this] {
            if (const std::string running = what_runs(); !running.empty())
                log_.warning("on_kill is skipped: " + running + " still runs");
        }));
        return forced_exit_(std::nullopt);
    }
    kill_timer_->start(kill_event_limit, [this] {
        static_cast<void>(attempt(
            [this] { log_.warning("on_kill took longer than " + time_in_words(kill_event_limit) + " and is left"); }));
        forced_exit_(std::nullopt);
    });
    queue_.wake();
}

void Shutdown::finish_kill() {
    loop_.load()->post([this] { forced_exit_(std::nullopt); });
    for (;;) queue_.wait();
}

void Shutdown::escalate(ExitCode code, const std::string& what, const StepLimit& limit) {
    killing_.store(true, std::memory_order_release);
    end_for_sure_within(hang_limit);
    const bool is_start = code == ExitCode::timeout && !is_lost_.load(std::memory_order_acquire);
    Error error{code, is_start ? "start" : "stop", "", what + " took longer than " + limit.in_words()};
    if (const std::string running = what_runs(); !running.empty()) {
        error.reason += "; " + running + " still runs";
        log_.error("on_stop is skipped: " + running + " still runs");
    }
    forced_exit_(error);
}

std::string Shutdown::what_runs() const {
    if (std::string names = runs_.names(); !names.empty()) return names;
    // An event that nobody requested.
    const auto busy = runner_.busy();
    return !busy || busy->event == "start" || busy->event == "stop" ? std::string{} : "'" + busy->event + "'";
}

void Shutdown::end_for_sure_within(std::chrono::milliseconds time) {
    // The lock makes the kernel end the process earlier.
    if (is_lost_.load(std::memory_order_acquire)) return;
    if (auto set = host_.process->kill_after(time); !set)
        log_.warning("a stop that hangs will not be cut short: " + set.error().message());
}

}  // namespace servicekit

#include "core/activity.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/attempt.hpp"
#include "base/durations.hpp"
#include "core/event_log.hpp"
#include "core/peer_words.hpp"
#include "core/protocol.hpp"
#include "core/stage_outcome.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;

/// How much time a supervisor gets at a time while a start waits for the lock, and how often. Few messages, because a
/// parent that is stopped does not read them.
constexpr auto start_extension = 10min;
constexpr auto start_extension_interval = 6min;
/// How long the end of the service waits for what the lock answers to has_successor().
constexpr auto longest_answer = 5s;

}  // namespace

Activity::Activity(LockPolicy& lock, Candidacy& candidacy, EventTable& events, EventQueue& queue, Runs& runs,
                   Timers& timers, HealthChecks& health_checks, Shutdown& shutdown, Announcements& announcements,
                   LifeState& state, const Configuration& configuration, const Instance& instance, const os::Host& host,
                   Logger& log)
    : lock_{lock},
      candidacy_{candidacy},
      events_{events},
      queue_{queue},
      runs_{runs},
      timers_{timers},
      health_checks_{health_checks},
      shutdown_{shutdown},
      announcements_{announcements},
      state_{state},
      configuration_{configuration},
      instance_{instance},
      host_{host},
      log_{log} {
    if (has_standby()) events_.add_standby_events();
}

void Activity::arm(os::EventLoop& loop) {
    loop_ = &loop;
    start_timer_ = loop.timer();
    candidacy_.set_calls({.on_won = [this] { queue_.wake(); },
                          .on_lost = [this](const Candidacy::Loss& loss) { note_loss(loss); },
                          .on_report =
                              [this] {
                                  // The lock may not expect to be asked while it reports.
                                  static_cast<void>(attempt([this] { loop_->post([this] { show_standby(); }); }));
                              }});
}

bool Activity::disarm() { return !asker_ || asker_->wait(longest_answer); }

void Activity::refuse_asker() {
    if (const auto run = std::exchange(asked_by_, nullptr)) run->decline(not_ready_error(ServiceState::stopping));
}

std::string Activity::standby_line() const {
    const std::string active = candidacy_.active_in_words();
    return "standing by" + (active.empty() ? std::string{} : "; active is " + active);
}

void Activity::show_standby() {
    static_cast<void>(attempt([this] {
        if (!candidacy_.has_role()) announcements_.still_standing_by(standby_line());
    }));
}

bool Activity::is_ready_in_standby() const { return configuration_.settings().get(setting::ready_when) == "standby"; }

std::optional<Error> Activity::stand_by() {
    state_.become(ServiceState::standby);
    if (std::exchange(has_stood_by_, true)) {
        runs_.renew_token();
        queue_.reopen();
        // A stop may have begun before this.
        if (shutdown_.is_stopping()) {
            runs_.request_stop();
            for (const auto& run : queue_.close()) EventLog{log_}.decline(*run, queue_.refusal());
        }
    }
    const auto joined = candidacy_.contend(runs_.stop_token());
    if (!joined) return joined.error();
    shutdown_.set_started();
    announcements_.standing_by(standby_line());
    if (!candidacy_.has_role()) log_.info(standby_line() + standby_reason_);
    if (!is_ready_in_standby()) loop_->post([this] { extend_start(); });
    return std::nullopt;
}

void Activity::extend_start() {
    announcements_.extend_start(start_extension);
    start_timer_->start(start_extension_interval, [this] { extend_start(); });
}

bool Activity::begin() {
    if (!candidacy_.has_role() || is_ending()) return false;
    log_.info("active" + candidacy_.token_in_words());
    events_.begin_activity();
    timers_.begin_activity();
    health_checks_.begin_activity(runs_.stop_token());
    const auto start_timeout = instance_.deployment.start_timeout;
    shutdown_.begin_start_again(start_timeout);
    state_.become(ServiceState::starting);
    announcements_.activating();
    announcements_.extend_start(start_timeout);
    loop_->post([this] { start_timer_->stop(); });
    return true;
}

void Activity::begin_to_serve() {
    events_.settle();
    announcements_.active();
}

void Activity::quiet() {
    // The loop's thread is about to end the activity that is lost.
    while (is_ending() && !shutdown_.is_ending() && !has_to_end()) queue_.wait();
    timers_.end_activity();
    health_checks_.end_activity(std::min(HealthChecks::patience, shutdown_.time_left_to_end() / 2));
}

std::optional<Error> Activity::end() {
    // A health check of the activity must not run while another instance is active.
    if (health_checks_.are_running()) return keep_lock();
    const bool had_role = candidacy_.has_role();
    shutdown_.begin_handover();
    candidacy_.stand_down();
    shutdown_.end_handover();
    events_.end_activity();
    // All that the lock has reported reaches the loop's thread before this.
    std::atomic<bool> is_over{false};
    loop_->post([this, &is_over] {
        shutdown_.set_activity_over();
        is_loss_unheard_.store(false, std::memory_order_release);
        is_over.store(true, std::memory_order_release);
        queue_.wake();
    });
    while (!is_over.load(std::memory_order_acquire)) queue_.wait();

    std::optional<Candidacy::Loss> loss;
    {
        const std::lock_guard guard{loss_mutex_};
        loss = std::exchange(loss_, std::nullopt);
    }
    if (had_role) log_.info("no longer active" + candidacy_.token_in_words());
    if (!loss) {
        standby_reason_ = resigner_ ? ", after it has resigned" : "";
        return std::nullopt;
    }
    standby_reason_ = ", after it has lost the lock";
    if (configuration_.settings().get(setting::after_loss) == "standby") return std::nullopt;
    return Error{ExitCode::timeout, "remain active", "", loss->why.message()};
}

std::optional<Error> Activity::keep_lock() {
    const std::string checks = health_checks_.running();
    const std::string why = "the lock is not handed over, because health checks still run: " + checks;
    std::optional<Candidacy::Loss> loss;
    {
        const std::lock_guard guard{loss_mutex_};
        loss = loss_;
    }
    if (!loss && shutdown_.is_asked_for()) {
        log_.warning(why);
        return std::nullopt;
    }
    return Error{ExitCode::timeout, loss ? "remain active" : "stand by again", "",
                 loss ? loss->why.message() + "; " + why : why};
}

void Activity::leave() noexcept {
    if (!health_checks_.are_running()) candidacy_.stand_down();
}

void Activity::note_loss(const Candidacy::Loss& loss) {
    queue_.hold();
    const auto now = host_.clock->steady_now();
    const bool is_heard = attempt([&] {
        {
            const std::lock_guard guard{loss_mutex_};
            loss_ = loss;
        }
        loop_->post([this, loss, now] { lose(loss, now); });
    });
    // The event thread then ends the activity alone, and the lock makes the kernel end the process.
    if (!is_heard) is_loss_unheard_.store(true, std::memory_order_release);
    queue_.wake();
}

void Activity::lose(const Candidacy::Loss& loss, std::chrono::steady_clock::time_point reported_at) {
    const auto gone = std::chrono::ceil<std::chrono::milliseconds>(host_.clock->steady_now() - reported_at);
    const auto left = std::max(loss.time - gone, 0ms);
    std::string token;
    static_cast<void>(attempt([&] { token = candidacy_.token_in_words(); }));
    end_for(loss, left);
    // The log may wait for a disk.
    static_cast<void>(attempt([&] {
        log_.error("the lock is lost" + token + ": " + loss.why.message() + "; on_stop has " + time_in_words(left));
    }));
}

void Activity::end_for(const Candidacy::Loss& loss, std::chrono::milliseconds left) {
    if (shutdown_.is_ending()) {
        // The stop or the resignation goes on, and is not the consequence of the loss.
        {
            const std::lock_guard guard{loss_mutex_};
            loss_.reset();
        }
        return shutdown_.hurry(left);
    }
    std::string why = "the lock is lost";
    static_cast<void>(attempt([&] { why += ": " + loss.why.message(); }));
    shutdown_.end_activity(why, {.at_most = left, .is_loss = true});
}

std::optional<Object> Activity::refuse_to_resign() const {
    const ServiceState state = state_.now();
    if (!takes_events(state))
        return make_error("not-ready", "the service is not active, so it cannot resign: it " + in_words(state),
                          {{"event", "resign"}, {"state", to_string(state)}});
    if (!asked_by_) return std::nullopt;
    return make_error("busy", "another request to resign waits for its reply", {{"event", "resign"}, {"limit", 1}});
}

void Activity::post_resign(std::shared_ptr<QueuedEvent> run) {
    loop_->post([this, run = std::move(run)] {
        if (const auto refused = refuse_to_resign())
            run->fail(*refused);
        else
            resign(run);
    });
}

void Activity::resign(const std::shared_ptr<QueuedEvent>& run) {
    run->begin();
    const Arguments& arguments = run->arguments();
    if (arguments.get<bool>("force") && !arguments.get<bool>("test")) return begin_to_resign(run);
    // The lock may ask other machines.
    if (asker_) static_cast<void>(asker_->wait(1s));
    auto started = host_.threads->start("successor", [this, run] {
        host_.crashes->guard_this_thread();
        auto found = lock_.has_successor();
        loop_->post([this, run, found = std::move(found)] { take_successor(run, found); });
    });
    if (!started) {
        run->fail(
            make_error("event-error", started.error().message(), {{"event", "resign"}, {"type", "servicekit::Error"}}));
        return;
    }
    asker_ = *std::move(started);
    asked_by_ = run;
}

void Activity::take_successor(const std::shared_ptr<QueuedEvent>& run, const Result<bool>& found) {
    asked_by_.reset();
    if (!found) {
        run->fail(
            make_error("event-error", found.error().message(), {{"event", "resign"}, {"type", "servicekit::Error"}}));
    } else if (run->arguments().get<bool>("test")) {
        run->succeed({{"has-successor", *found}});
    } else if (!*found) {
        run->fail(make_error("no-successor", "no other instance stands by; 'force' makes this one resign anyway",
                             {{"event", "resign"}}));
    } else if (const auto refused = refuse_to_resign()) {
        run->fail(*refused);
    } else {
        begin_to_resign(run);
    }
}

void Activity::begin_to_resign(const std::shared_ptr<QueuedEvent>& run) {
    if (shutdown_.is_ending()) {
        run->decline(not_ready_error(ServiceState::stopping));
        return;
    }
    const std::string why = "resigning, asked for by " + in_words(run->peer());
    log_.info(why + candidacy_.token_in_words());
    resigner_ = run;
    shutdown_.end_activity(why, {.at_most = shutdown_.stop_timeout()});
}

void Activity::answer_resigner(const std::optional<Error>& failure) {
    const auto run = std::exchange(resigner_, nullptr);
    if (!run) return;
    if (failure)
        run->fail(make_error("event-error", failure->message(), {{"event", "resign"}, {"type", "servicekit::Error"}}));
    else
        run->succeed({{"state", to_string(state_.now())}});
}

}  // namespace servicekit

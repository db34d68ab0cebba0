#include "core/lifecycle.hpp"

#include <algorithm>
#include <cstddef>
#include <stop_token>
#include <system_error>
#include <utility>

#include "base/rfc3339.hpp"
#include "core/event_log.hpp"
#include "core/service_core.hpp"
#include "core/stage_outcome.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/daemon_policy.hpp"
#include "servicekit/policy/lock_policy.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {
namespace {

/// Of the stack: with 64 KiB the library's own code overflows (measured), with 96 KiB it does not.
constexpr std::size_t least_stack = std::size_t{128} << 10U;

Error busy_error(const Owner& owner, const std::string& object) {
    const std::string who = owner.where.empty() ? "an unknown process" : owner.where;
    return Error{ExitCode::already_running, "lock", object, "already running (" + who + ")"};
}

}  // namespace

Lifecycle::Lifecycle(ServiceCore& core)
    : core_{&core}, descriptors_{core.instance_, core.host_, core.log_}, signals_{*core.host_.signals} {}

int Lifecycle::run(bool in_background) {
    ServiceCore& core = *core_;
    auto& [daemon, lock, log, control] = *core.policies_;
    in_background = in_background && daemon.has_background();
    core.runner_.adopt_this_thread();

    std::optional<Error> failure = outcome_of([&] { return begin(in_background); });
    if (failure) core.event_thread_.run_cleanups();
    if (failure && !core.loop_) {
        descriptors_.close_ready();
        core.crash_watch_.end();
        // Still in the process that the user started, or out of it and with nothing to undo.
        if (!entered_ || !in_background) core.error_output_.print(*failure);
        daemon.failed(*failure);
        signals_.give_back();
        return to_int(failure->exit_code);
    }
    EventThread::Outcome outcome;
    if (!failure) {
        const auto carried = daemon.run_service([&] { outcome = core.event_thread_.run([this] { ready(); }); });
        failure = outcome.failure;
        if (!carried) {
            failure = carried.error();
            core.event_thread_.run_cleanups();
        }
    }
    if (failure) core.error_output_.report(*failure);
    end(outcome.stop_fault);
    if (failure) core.announcements_.failed(*failure);
    core.state_.become(ServiceState::stopped);
    return failure ? to_int(failure->exit_code) : 0;
}

std::optional<Error> Lifecycle::begin(bool in_background) {
    ServiceCore& core = *core_;
    DaemonPolicy& daemon = core.policies_->daemon;

    core.state_.become(ServiceState::loading);
    if (auto error = note_signals()) return error;
    if (auto ensured = core.host_.process->ensure_stack(least_stack); !ensured) return ensured.error();
    if (auto error = descriptors_.take_over_sockets()) return error;
    if (core.loads_in_service_) {
        if (auto error = prepare_late_load(in_background)) return error;
        if (auto error = enter(in_background)) return error;
        begin_life();
        if (auto error = load(in_background)) return error;
        if (auto error = look_at_signals()) return error;
        if (auto error = take_up_late_surroundings()) return error;
        core.crash_watch_.begin(core.configuration_.settings());
    } else {
        core.crash_watch_.begin_load(in_background);
        if (auto error = load(in_background)) return error;
        core.crash_watch_.end();
        if (auto error = look_at_signals()) return error;
        if (auto error = enter(in_background)) return error;
        begin_life();
    }

    try {
        core.loop_ = core.host_.make_event_loop("control");
    } catch (const std::system_error& error) {
        return os_error("make an event loop", "", error.code().value());
    }
    core.loop_->on_failure([&core](const Error& error) { core.control_plane_.note(error); });
    core.state_.become(ServiceState::starting);
    core.announcements_.begin(daemon);
    core.shutdown_.arm(*core.loop_);
    core.control_plane_.arm(*core.loop_);
    core.heartbeat_.arm(*core.loop_);
    // One that came from elsewhere than the load event.
    if (core.shutdown_.is_asked_for()) return Error{ExitCode::timeout, "start", "", "stopped while loading"};

    if (auto error = hold_lock()) return error;
    if (auto error = core.privileges_.prepare()) return error;
    if (auto error = open_log()) return error;
    core.crash_watch_.take_over(core.configuration_.settings(), core.privileges_);
    if (auto error = open_control()) return error;
    if (auto error = core.privileges_.drop()) return error;
    return start_handlers();
}

void Lifecycle::begin_life() {
    ServiceCore& core = *core_;
    core.instance_.pid = core.host_.process->id();
    core.instance_.started_at = core.host_.clock->steady_now();
    core.instance_.started_at_text = rfc3339(core.host_.clock->system_now());
    core.crash_watch_.begin(core.configuration_.settings());
}

std::optional<Error> Lifecycle::load(bool in_background) {
    ServiceCore& core = *core_;
    auto& [daemon, lock, log, control] = *core.policies_;
    if (auto loaded = core.configuration_.load(); !loaded) return loaded.error();
    if (core.shutdown_.is_asked_for()) return Error{ExitCode::timeout, "start", "", "stopped while loading"};
    const Settings& settings = core.configuration_.settings();
    auto paths = resolve_paths(settings, core.host_);
    if (!paths) return paths.error();
    core.instance_.paths = std::move(*paths);
    if (auto checked = check_log_file(settings, core.instance_.paths, core.host_); !checked) return checked.error();
    auto deployment = make_deployment(settings, core.instance_.paths, core.host_);
    if (!deployment) return deployment.error();
    core.instance_.deployment = std::move(*deployment);
    core.instance_.deployment.other_pid_files = other_pid_files(settings, core.instance_.paths, core.host_);
    core.instance_.deployment.background = in_background;
    core.instance_.deployment.version = core.instance_.options.version;
    core.instance_.deployment.control_descriptor = descriptors_.control_socket();
    core.instance_.deployment.keep_descriptors = descriptors_.sockets();
    if (auto error = descriptors_.claim_ready(settings)) return error;
    if (auto error = descriptors_.claim_named(settings)) return error;
    core.limits_.set(settings);
    core.log_router_.set_level(core.instance_.deployment.log_level);
    StreamRedirection::adapt(core.instance_.deployment, settings);
    if (!entered_) daemon.configure(core.instance_.deployment);
    lock.configure(core.instance_.deployment);
    log.configure(core.instance_.deployment);
    control.configure(core.instance_.deployment);
    core.configuration_.publish();
    if (auto planned = core.streams_.plan(settings, log.stream_use(), in_background); !planned) return planned.error();

    if (auto prepared = prepare_run_directory(core.instance_.paths, core.host_); !prepared) return prepared.error();
    const auto owner = lock.owner();
    if (!owner) return owner.error();
    if (*owner && (*owner)->is_instance) return busy_error(**owner, core.instance_.paths.pid_file);
    if (log.drops_lines()) core.error_output_.warn("no log file is set, so the log is lost; name one with --log-file");
    return std::nullopt;
}

std::optional<Error> Lifecycle::prepare_late_load(bool in_background) {
    ServiceCore& core = *core_;
    if (auto done = core.configuration_.read(); !done) return done.error();
    const Settings& settings = core.configuration_.settings();
    Paths paths;
    paths.name = settings.get(setting::name);
    auto deployment = make_deployment(settings, paths, core.host_);
    if (!deployment) return deployment.error();
    core.instance_.deployment = std::move(*deployment);
    core.instance_.deployment.background = in_background;
    core.instance_.deployment.version = core.instance_.options.version;
    core.instance_.deployment.keep_descriptors = descriptors_.sockets();
    // What the load says is relative to where the caller is. A directory that was removed has no path; one can stay there.
    auto here = core.host_.process->current_directory();
    core.instance_.deployment.working_directory = here ? *std::move(here) : ".";
    if (auto error = descriptors_.claim_ready(settings)) return error;
    core.policies_->daemon.configure(core.instance_.deployment);
    return std::nullopt;
}

std::optional<Error> Lifecycle::enter(bool in_background) {
    ServiceCore& core = *core_;
    if (auto opened = core.host_.streams->open_closed_ones(); !opened) return opened.error();
    if (auto held = signals_.hold(); !held) return held.error();
    if (auto refused = signals_.refusal()) {
        static_cast<void>(signals_.go_on());
        return refused;
    }
    const auto role = core.policies_->daemon.enter();
    if (!role || *role == Role::parent) {
        // What came meanwhile does not change how this process ends.
        static_cast<void>(signals_.go_on());
        if (!in_background) return role.error();
        if (!role) core.error_output_.print(role.error());
        core.host_.process->exit_now(role ? 0 : to_int(role.error().exit_code));
    }
    entered_ = true;
    if (in_background && signals_.are_noted()) core.host_.signals->forget_caller();
    if (auto noted = signals_.go_on(); !noted) return noted.error();
    return std::nullopt;
}

std::optional<Error> Lifecycle::note_signals() {
    if (core_->configuration_.settings().get(setting::no_signal_handlers)) return std::nullopt;
    const auto noted = signals_.begin_load();
    return noted ? std::nullopt : std::optional{noted.error()};
}

std::optional<Error> Lifecycle::look_at_signals() {
    if (!signals_.are_noted()) return std::nullopt;
    if (auto refused = signals_.refusal()) return refused;
    if (core_->configuration_.settings().get(setting::no_signal_handlers)) {
        signals_.give_back();
        return std::nullopt;
    }
    const auto noted = signals_.end_load();
    return noted ? std::nullopt : std::optional{noted.error()};
}

std::optional<Error> Lifecycle::take_up_late_surroundings() {
    ServiceCore& core = *core_;
    if (!core.instance_.deployment.background) return std::nullopt;
    core.host_.process->set_file_mask(core.instance_.deployment.file_mask);
    if (auto gone = core.host_.process->change_directory(core.instance_.deployment.working_directory); !gone)
        return gone.error();
    return std::nullopt;
}

std::optional<Error> Lifecycle::hold_lock() {
    ServiceCore& core = *core_;
    const auto acquired = core.policies_->lock.acquire(LockWait::fail_fast, std::stop_token{});
    if (!acquired) return acquired.error();
    if (acquired->state != Acquisition::State::acquired)
        return busy_error(acquired->owner, core.instance_.paths.pid_file);
    lock_held_ = true;
    core.crash_watch_.note_last_life(acquired->left_by);
    core.policies_->lock.on_lost([&core](const Error& error) { core.shutdown_.post_stop(error.message()); });
    return std::nullopt;
}

std::optional<Error> Lifecycle::open_log() {
    ServiceCore& core = *core_;
    LogPolicy& log = core.policies_->log;
    if (auto opened = log.open(); !opened) return opened.error().at_stage(ExitCode::cannot_create);
    log_open_ = true;
    core.policies_->daemon.logs_to(log.files());
    core.crash_watch_.take_log();
    core.log_router_.open(log, core.instance_.deployment.name);
    core.log_.info("starting, pid " + std::to_string(core.instance_.pid));
    if (auto led = core.streams_.lead(); !led) return led.error().at_stage(ExitCode::cannot_create);
    return std::nullopt;
}

std::optional<Error> Lifecycle::open_control() {
    ServiceCore& core = *core_;
    if (core.configuration_.settings().get(setting::no_control_server)) return std::nullopt;
    auto opened = core.policies_->control.open(core.control_plane_, *core.loop_);
    if (!opened) return opened.error();
    control_open_ = true;
    return std::nullopt;
}

std::optional<Error> Lifecycle::start_handlers() {
    ServiceCore& core = *core_;
    const auto deliver = [&core](const os::ReceivedSignal& signal) { core.control_plane_.signalled(signal); };
    if (auto taken = signals_.take(*core.loop_, deliver); !taken) return taken.error();
    if (auto failure = core.service_log_.start()) return failure;
    if (auto started = core.streams_.start(); !started) return started.error();
    core.shutdown_.limit_start(core.instance_.deployment.start_timeout);
    core.loop_->post([&core] { core.host_.crashes->guard_this_thread(); });
    if (auto started = core.loop_->start(); !started) return started.error();
    loop_turns_ = true;
    return std::nullopt;
}

void Lifecycle::ready() {
    ServiceCore& core = *core_;
    core.announcements_.ready();
    descriptors_.report_ready();
    if (const auto interval = core.policies_->daemon.alive_interval())
        core.loop_->post([&core, interval] { core.heartbeat_.start(*interval); });
}

void Lifecycle::end(const std::optional<Error>& fault) {
    ServiceCore& core = *core_;
    auto& [daemon, lock, log, control] = *core.policies_;
    descriptors_.close_ready();
    // Nothing may be asked of the service any more, or it would wait for an answer for ever.
    for (const auto& run : core.queue_.close()) EventLog{core.log_}.decline(*run, core.queue_.refusal());
    core.end_askers_.answer(fault);
    if (control_open_ && loop_turns_) {
        std::atomic<bool> closed{false};
        core.loop_->post([&control = control, &closed, &core] {
            control.close();
            closed.store(true, std::memory_order_release);
            core.queue_.wake();
        });
        while (!closed.load(std::memory_order_acquire)) core.queue_.wait();
    } else if (control_open_) {
        control.close();
    }
    if (log_open_) {
        core.streams_.stop(core.limits_.stop() / 2);
        core.log_.info("stopped");
        core.service_log_.end(core.limits_.stop());
        core.crash_watch_.forget_log();
    }
    core.crash_watch_.close_report();
    if (lock_held_) lock.release();
    // The loop turned until here, so that the stop's time limit held for all of it.
    core.loop_->stop();
    signals_.give_back();
    core.crash_watch_.end();
    // What the program does from here on is its own.
    core.host_.process->spare();
}

}  // namespace servicekit

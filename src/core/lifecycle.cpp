#include "core/lifecycle.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <stop_token>
#include <system_error>
#include <utility>

#include "base/rfc3339.hpp"
#include "core/event_log.hpp"
#include "core/service_core.hpp"
#include "core/stage_outcome.hpp"
#include "core/start_records.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/daemon_policy.hpp"
#include "servicekit/policy/lock_policy.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {
namespace {

/// Smallest size of the stack. The library's own code overflows 64 KiB (measured), but not 96 KiB.
constexpr std::size_t least_stack = std::size_t{128} << 10U;

Error busy_error(const Owner& owner, const std::string& object) {
    const std::string who = owner.where.empty() ? "an unknown process" : owner.where;
    return Error{ExitCode::already_running, "lock", object, "already running (" + who + ")"};
}

}  // namespace

Lifecycle::Lifecycle(ServiceCore& core)
    : core_{core}, descriptors_{core.instance_, core.host_, core.log_}, signals_{*core.host_.signals} {}

int Lifecycle::run(bool in_background) {
    auto& [daemon, lock, log, control] = *core_.policies_;
    in_background = in_background && daemon.has_background();
    core_.runner_.adopt_this_thread();

    std::optional<Error> failure = outcome_of([&] { return begin(in_background); });
    if (failure) core_.event_thread_.run_cleanups();
    if (failure && !core_.loop_) {
        descriptors_.close_ready();
        core_.crash_watch_.end();
        // Prints only in the process that the user started.
        if (!entered_ || !in_background) core_.error_output_.print(*failure);
        daemon.failed(*failure);
        signals_.give_back();
        return to_int(failure->exit_code);
    }
    EventThread::Outcome outcome;
    if (!failure) {
        const EventThread::Calls calls{.on_standby = [this] { write_metrics(); }, .on_ready = [this] { ready(); }};
        const auto carried = daemon.run_service([&] { outcome = core_.event_thread_.run(calls); });
        failure = outcome.failure;
        if (!carried) {
            failure = carried.error();
            core_.event_thread_.run_cleanups();
        }
    }
    if (failure) core_.error_output_.report(*failure);
    end(outcome.stop_fault);
    if (failure) core_.announcements_.failed(*failure);
    // A parent that waits for the start gets a reason.
    else if (!is_ready_)
        core_.announcements_.failed(Error{ExitCode::timeout, "start", "", "stopped while it stood by"});
    core_.state_.become(ServiceState::stopped);
    const int exit_code = failure ? to_int(failure->exit_code) : 0;
    if (!core_.health_checks_->have_ended() || !lock_has_answered_) end_despite_threads(exit_code);
    // A check may have ended since.
    core_.activity_.leave();
    return exit_code;
}

// A thread that hangs may still use the service.
void Lifecycle::end_despite_threads(int exit_code) {
    const std::string running = core_.health_checks_->running();
    if (!core_.instance_.deployment.background)
        core_.error_output_.warn("the process ends with exit code " + std::to_string(exit_code) +
                                 " and start() does not return, because " +
                                 (!lock_has_answered_ ? "the lock has not said if another instance stands by"
                                  : running.empty()   ? "a thread of a health check has not ended"
                                                      : "health checks still run: " + running));
    core_.host_.process->exit_now(exit_code);
}

std::optional<Error> Lifecycle::begin(bool in_background) {
    DaemonPolicy& daemon = core_.policies_->daemon;

    core_.state_.become(ServiceState::loading);
    if (auto error = note_signals()) return error;
    if (auto ensured = core_.host_.process->ensure_stack(least_stack); !ensured) return ensured.error();
    if (auto error = descriptors_.take_over_sockets()) return error;
    if (core_.loads_in_service_) {
        if (auto error = prepare_late_load(in_background)) return error;
        if (auto error = enter(in_background)) return error;
        begin_life();
        if (auto error = load(in_background)) return error;
        if (auto error = look_at_signals()) return error;
        if (auto error = take_up_late_surroundings()) return error;
        core_.crash_watch_.begin(core_.configuration_.settings());
    } else {
        core_.crash_watch_.begin_load(in_background);
        if (auto error = load(in_background)) return error;
        core_.crash_watch_.end();
        if (auto error = look_at_signals()) return error;
        if (auto error = enter(in_background)) return error;
        begin_life();
    }

    try {
        core_.loop_ = core_.host_.make_event_loop("control");
    } catch (const std::system_error& error) {
        return os_error("make an event loop", "", error.code().value());
    }
    core_.log_router_.set_control_loop(core_.loop_.get());
    core_.loop_->on_failure([&core = core_](const Error& error) { core.control_plane_.note(error); });
    core_.state_.become(ServiceState::starting);
    core_.announcements_.begin(daemon);
    core_.shutdown_.arm(*core_.loop_);
    core_.control_plane_.arm(*core_.loop_);
    core_.pool_.arm(*core_.loop_);
    core_.timers_->arm(*core_.loop_);
    core_.health_checks_->arm(*core_.loop_);
    core_.heartbeat_.arm(*core_.loop_);
    if (core_.activity_.has_standby()) core_.activity_.arm(*core_.loop_);
    // The request did not come from the load event.
    if (core_.shutdown_.is_asked_for()) return Error{ExitCode::timeout, "start", "", "stopped while loading"};

    if (auto error = hold_lock()) return error;
    if (auto error = core_.privileges_.prepare()) return error;
    if (auto error = open_log()) return error;
    leave_record();
    core_.crash_watch_.take_over(core_.configuration_.settings(), core_.privileges_);
    core_.instance_.earlier_lives.crash_reports = core_.crash_watch_.reports_kept();
    if (auto error = open_control()) return error;
    if (auto error = core_.privileges_.drop()) return error;
    return start_handlers();
}

void Lifecycle::begin_life() {
    core_.instance_.pid = core_.host_.process->id();
    core_.instance_.started_at = core_.host_.clock->steady_now();
    core_.instance_.started_at_system = core_.host_.clock->system_now();
    core_.instance_.started_at_text = rfc3339(core_.instance_.started_at_system);
    core_.crash_watch_.begin(core_.configuration_.settings());
}

std::optional<Error> Lifecycle::load(bool in_background) {
    auto& [daemon, lock, log, control] = *core_.policies_;
    if (auto loaded = core_.configuration_.load(); !loaded) return loaded.error();
    if (core_.shutdown_.is_asked_for()) return Error{ExitCode::timeout, "start", "", "stopped while loading"};
    const Settings& settings = core_.configuration_.settings();
    auto resolved = resolve_paths(settings, core_.host_);
    if (!resolved) return resolved.error();
    const Paths& paths = core_.instance_.paths = std::move(*resolved);
    if (auto checked = check_log_file(settings, paths, core_.host_); !checked) return checked.error();
    auto made = make_deployment(settings, paths, core_.host_);
    if (!made) return made.error();
    Deployment& deployment = core_.instance_.deployment = std::move(*made);
    deployment.other_pid_files = other_pid_files(settings, paths, core_.host_);
    deployment.background = in_background;
    deployment.version = core_.instance_.options.version;
    deployment.control_descriptor = descriptors_.control_socket();
    deployment.keep_descriptors = descriptors_.sockets();
    if (auto error = descriptors_.claim_ready(settings)) return error;
    if (auto error = descriptors_.claim_named(settings)) return error;
    core_.limits_.set(settings);
    core_.log_router_.set_level(deployment.log_level);
    StreamRedirection::adapt(deployment, settings);
    if (!entered_) daemon.configure(deployment);
    lock.configure(deployment);
    log.configure(deployment);
    control.configure(deployment);
    core_.configuration_.publish();
    if (auto planned = core_.streams_.plan(settings, log.stream_use(), in_background); !planned) return planned.error();

    if (auto prepared = prepare_run_directory(paths, core_.host_); !prepared) return prepared.error();
    const auto owner = lock.first_look();
    if (!owner) return owner.error();
    if (*owner && (*owner)->is_instance) return busy_error(**owner, paths.pid_file);
    const std::string& service = core_.options().name.empty() ? paths.name : core_.options().name;
    record_ = make_start_record(core_.configuration_.settings(), core_.configuration_.own().schema(), service, paths,
                                core_.host_);
    if (log.drops_lines()) core_.error_output_.warn("no log file is set, so the log is lost; name one with --log-file");
    return std::nullopt;
}

std::optional<Error> Lifecycle::prepare_late_load(bool in_background) {
    if (auto done = core_.configuration_.read(); !done) return done.error();
    const Settings& settings = core_.configuration_.settings();
    Paths paths;
    paths.name = settings.get(setting::name);
    auto made = make_deployment(settings, paths, core_.host_);
    if (!made) return made.error();
    Deployment& deployment = core_.instance_.deployment = std::move(*made);
    deployment.background = in_background;
    deployment.version = core_.instance_.options.version;
    deployment.keep_descriptors = descriptors_.sockets();
    // Paths in the load are relative to the caller's directory. A removed directory has no path; the service can stay
    // in it.
    auto here = core_.host_.process->current_directory();
    deployment.working_directory = here ? *std::move(here) : ".";
    if (auto error = descriptors_.claim_ready(settings)) return error;
    core_.policies_->daemon.configure(deployment);
    return std::nullopt;
}

std::optional<Error> Lifecycle::enter(bool in_background) {
    if (auto opened = core_.host_.streams->open_closed_ones(); !opened) return opened.error();
    if (auto held = signals_.hold(); !held) return held.error();
    if (auto refused = signals_.refusal()) {
        static_cast<void>(signals_.go_on());
        return refused;
    }
    const auto role = core_.policies_->daemon.enter();
    if (!role || *role == Role::parent) {
        // Signals that arrived since hold() do not change how this process ends.
        static_cast<void>(signals_.go_on());
        if (!in_background) return role.error();
        if (!role) core_.error_output_.print(role.error());
        core_.host_.process->exit_now(role ? 0 : to_int(role.error().exit_code));
    }
    entered_ = true;
    if (in_background && signals_.are_noted()) core_.host_.signals->forget_caller();
    if (auto noted = signals_.go_on(); !noted) return noted.error();
    return std::nullopt;
}

std::optional<Error> Lifecycle::note_signals() {
    if (core_.configuration_.settings().get(setting::no_signal_handlers)) return std::nullopt;
    const auto noted = signals_.begin_load();
    return noted ? std::nullopt : std::optional{noted.error()};
}

std::optional<Error> Lifecycle::look_at_signals() {
    if (!signals_.are_noted()) return std::nullopt;
    if (auto refused = signals_.refusal()) return refused;
    if (core_.configuration_.settings().get(setting::no_signal_handlers)) {
        signals_.give_back();
        return std::nullopt;
    }
    const auto noted = signals_.end_load();
    return noted ? std::nullopt : std::optional{noted.error()};
}

std::optional<Error> Lifecycle::take_up_late_surroundings() {
    if (!core_.instance_.deployment.background) return std::nullopt;
    core_.host_.process->set_file_mask(core_.instance_.deployment.file_mask);
    if (auto gone = core_.host_.process->change_directory(core_.instance_.deployment.working_directory); !gone)
        return gone.error();
    return std::nullopt;
}

std::optional<Error> Lifecycle::hold_lock() {
    const auto acquired = core_.policies_->lock.acquire(LockWait::fail_fast, std::stop_token{});
    if (!acquired) return acquired.error();
    if (acquired->state != Acquisition::State::acquired)
        return busy_error(acquired->owner, core_.instance_.paths.pid_file);
    lock_held_ = true;
    core_.crash_watch_.note_last_life(acquired->left_by);
    return std::nullopt;
}

std::optional<Error> Lifecycle::open_log() {
    LogPolicy& log = core_.policies_->log;
    if (auto opened = log.open(); !opened) return opened.error().at_stage(ExitCode::cannot_create);
    log_open_ = true;
    core_.policies_->daemon.logs_to(log.files());
    core_.crash_watch_.take_log();
    core_.log_router_.open(log, core_.instance_.deployment.name);
    core_.log_.info("starting, pid " + std::to_string(core_.instance_.pid));
    if (auto led = core_.streams_.lead(); !led) return led.error().at_stage(ExitCode::cannot_create);
    return std::nullopt;
}

void Lifecycle::leave_record() {
    const auto warn = [this](const Error& error) {
        core_.log_.warning("cannot leave a record of this start, so verbs load to find the service: " +
                           error.message());
    };
    if (!record_) return warn(record_.error());
    try {
        // A lock policy may have its own pidfile.
        const Object lock = core_.policies_->lock.status_fields();
        if (const Value* file = lock.find(setting::pid_file.name); file != nullptr && file->is_string())
            record_->paths.pid_file = file->as_string();
        const bool was_unclean = core_.crash_watch_.had_unclean_end();
        const auto found = last_start_record(*record_, core_.host_);
        if (!found) core_.log_.warning("the count of starts begins again: " + found.error().message());
        const std::optional<StartRecord> last = found ? *found : std::nullopt;
        record_->starts = last ? last->starts + 1 : 1;
        record_->unclean_ends = (last ? last->unclean_ends : 0) + (was_unclean ? 1 : 0);
        const auto note = write_start_record(*record_, core_.host_);
        if (!note) return warn(note.error());
        if (note->empty()) return;
        EarlierLives& earlier = core_.instance_.earlier_lives;
        earlier.starts = record_->starts;
        earlier.unclean_ends = record_->unclean_ends;
        if (const auto taken = core_.stop_note_.take_over(*note); !taken)
            core_.log_.warning("the next start will not know how long the stop took: " + taken.error().message());
        earlier.last_stop = core_.stop_note_.last_stop();
    } catch (const std::exception& error) {
        warn(Error{ExitCode::internal, "write it", "", error.what()});
    }
}

std::optional<Error> Lifecycle::open_control() {
    if (core_.configuration_.settings().get(setting::no_control_server)) return std::nullopt;
    auto opened = core_.policies_->control.open(core_.control_plane_, *core_.loop_);
    if (!opened) return opened.error();
    control_open_ = true;
    return std::nullopt;
}

std::optional<Error> Lifecycle::start_handlers() {
    const auto deliver = [&core = core_](const os::ReceivedSignal& signal) { core.control_plane_.signalled(signal); };
    if (auto taken = signals_.take(*core_.loop_, deliver); !taken) return taken.error();
    if (auto failure = core_.service_log_.start(*core_.loop_)) return failure;
    if (auto started = core_.streams_.start(*core_.loop_); !started) return started.error();
    core_.shutdown_.limit_start(core_.instance_.deployment.start_timeout);
    core_.loop_->post([&core = core_] { core.host_.crashes->guard_this_thread(); });
    if (auto started = core_.loop_->start(); !started) return started.error();
    loop_turns_ = true;
    return std::nullopt;
}

void Lifecycle::ready() {
    is_ready_ = true;
    core_.announcements_.ready();
    descriptors_.report_ready();
    if (const auto interval = core_.policies_->daemon.alive_interval())
        core_.loop_->post([&core = core_, interval] { core.heartbeat_.start(*interval); });
    write_metrics();
}

void Lifecycle::write_metrics() {
    const Instance& instance = core_.instance_;
    if (instance.paths.metrics_file.empty() || std::exchange(writes_metrics_, true)) return;
    core_.metrics_file_.start(*core_.loop_, {.path = instance.paths.metrics_file,
                                             .interval = core_.configuration_.settings().get(setting::metrics_interval),
                                             .service = instance.paths.name,
                                             .collect = [&core = core_] { return core.metrics_report_.collect(); }});
}

void Lifecycle::end(const std::optional<Error>& fault) {
    auto& [daemon, lock, log, control] = *core_.policies_;
    core_.activity_.leave();
    descriptors_.close_ready();
    core_.metrics_file_.stop();
    // Later requests are refused: their clients would wait for an answer for ever.
    for (const auto& run : core_.queue_.close()) EventLog{core_.log_}.decline(*run, core_.queue_.refusal());
    core_.end_askers_.answer(fault);
    if (control_open_ && loop_turns_) {
        std::atomic<bool> closed{false};
        core_.loop_->post([&control = control, &closed, &core = core_] {
            core.activity_.refuse_asker();
            core.control_plane_.refuse_undecoded();
            control.close();
            closed.store(true, std::memory_order_release);
            core.queue_.wake();
        });
        while (!closed.load(std::memory_order_acquire)) core_.queue_.wait();
    } else if (control_open_) {
        control.close();
    }
    if (log_open_) {
        if (!core_.streams_.stop(core_.limits_.stop() / 2))
            core_.log_.warning("printed lines may be lost: the log did not take them within half of stop-timeout");
        core_.log_.info("stopped");
        core_.service_log_.end(core_.limits_.stop());
        core_.crash_watch_.forget_log();
    }
    core_.crash_watch_.close_report();
    core_.stop_note_.write();
    if (lock_held_) lock.release();
    // The loop has run until this point, so that the stop's time limit applied to all of it.
    core_.loop_->stop();
    lock_has_answered_ = core_.activity_.disarm();
    // The loop's thread starts these threads, so the loop ends first.
    core_.pool_.close();
    core_.control_plane_.close();
    signals_.give_back();
    core_.crash_watch_.end();
    // The time limit of the stop does not apply to what the program does after this.
    core_.host_.process->spare();
}

}  // namespace servicekit

#include "core/lifecycle.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <new>
#include <stop_token>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/attempt.hpp"
#include "base/rfc3339.hpp"
#include "core/configuration.hpp"
#include "core/control_plane.hpp"
#include "core/heartbeat.hpp"
#include "core/service_core.hpp"
#include "core/shutdown.hpp"

namespace servicekit {
namespace {

/// What a socket unit calls the control socket (FileDescriptorName=); all others are the program's.
constexpr std::string_view control_socket_name = "control";

/// Of the stack: with 64 KiB the library's own code overflows (measured), with 96 KiB it does not.
constexpr std::size_t least_stack = std::size_t{128} << 10U;

/// \returns what went wrong in it, also where that comes as an exception: no stage may keep those that follow from being
///          undone, nor whoever waits from being told.
template <class Stage>
std::optional<Error> outcome_of(const Stage& stage) {
    try {
        return stage();
    } catch (const std::system_error& error) {
        return Error{ExitCode::os, "start", "", error.what(), error.code().value()};
    } catch (const std::bad_alloc&) {
        return os_error("start", "", ENOMEM);
    } catch (...) {
        return Error{ExitCode::internal, "start", "", describe_current_exception().message};
    }
}

Error busy_error(const Owner& owner, const std::string& object) {
    const std::string who = owner.where.empty() ? "an unknown process" : owner.where;
    return Error{ExitCode::already_running, "lock", object, "already running (" + who + ")"};
}

}  // namespace

Lifecycle::Lifecycle(ServiceCore& core) : core_{&core}, privileges_{core}, signals_{*core.host.signals} {}

int Lifecycle::run(bool in_background) {
    ServiceCore& core = *core_;
    auto& [daemon, lock, log, control] = *core.policies;
    in_background = in_background && daemon.has_background();
    core.runner.adopt_this_thread();

    std::optional<Error> failure = outcome_of([&] { return begin(in_background); });
    if (failure) run_cleanups();
    if (failure && !core.loop) {
        leave_ready_descriptor();
        core.crash_watch.end();
        // Still in the process that the user started, or out of it and with nothing to undo.
        if (!entered_ || !in_background) core.print(*failure);
        daemon.failed(*failure);
        signals_.give_back();
        return to_int(failure->exit_code);
    }
    bool started = false;
    if (!failure) {
        const auto carried = daemon.run_service([&] { failure = live(started); });
        if (!carried) {
            failure = carried.error();
            run_cleanups();
        }
    }
    if (failure) core.report(*failure);
    end(stop_fault_);
    if (failure) core.announcements.failed(*failure);
    core.set_state(ServiceState::stopped);
    return failure ? to_int(failure->exit_code) : 0;
}

std::optional<Error> Lifecycle::begin(bool in_background) {
    ServiceCore& core = *core_;
    DaemonPolicy& daemon = core.policies->daemon;

    core.set_state(ServiceState::loading);
    if (auto error = note_signals()) return error;
    if (auto ensured = core.host.process->ensure_stack(least_stack); !ensured) return ensured.error();
    if (auto error = take_over_sockets()) return error;
    if (core.loads_in_service) {
        if (auto error = prepare_late_load(in_background)) return error;
        if (auto error = enter(in_background)) return error;
        begin_life();
        if (auto error = load(in_background)) return error;
        if (auto error = look_at_signals()) return error;
        if (auto error = take_up_late_surroundings()) return error;
        core.crash_watch.begin();
    } else {
        core.crash_watch.begin_load(in_background);
        if (auto error = load(in_background)) return error;
        core.crash_watch.end();
        if (auto error = look_at_signals()) return error;
        if (auto error = enter(in_background)) return error;
        begin_life();
    }

    try {
        core.loop = core.host.make_event_loop("control");
    } catch (const std::system_error& error) {
        return os_error("make an event loop", "", error.code().value());
    }
    core.loop->on_failure([&core](const Error& error) { core.control_plane->note(error); });
    core.set_state(ServiceState::starting);
    core.announcements.begin(daemon);
    core.shutdown->arm(*core.loop);
    core.control_plane->arm();
    core.heartbeat->arm(*core.loop);
    // One that came from elsewhere than the load event.
    if (core.end_asked_by_program.load()) return Error{ExitCode::timeout, "start", "", "stopped while loading"};

    if (auto error = hold_lock()) return error;
    if (auto error = privileges_.prepare()) return error;
    if (auto error = open_log()) return error;
    core.crash_watch.take_over(privileges_.user());
    if (auto error = open_control()) return error;
    if (auto error = privileges_.drop()) return error;
    return start_handlers();
}

void Lifecycle::begin_life() {
    ServiceCore& core = *core_;
    core.pid = core.host.process->id();
    core.started_at = core.host.clock->steady_now();
    core.started_at_text = rfc3339(core.host.clock->system_now());
    core.crash_watch.begin();
}

std::optional<Error> Lifecycle::load(bool in_background) {
    ServiceCore& core = *core_;
    auto& [daemon, lock, log, control] = *core.policies;
    if (auto loaded = core.configuration->load(); !loaded) return loaded.error();
    if (core.end_asked_by_program.load()) return Error{ExitCode::timeout, "start", "", "stopped while loading"};
    const Settings& settings = core.configuration->settings();
    auto paths = resolve_paths(settings, core.host);
    if (!paths) return paths.error();
    core.paths = std::move(*paths);
    if (auto checked = check_log_file(settings, core.paths, core.host); !checked) return checked.error();
    auto deployment = make_deployment(settings, core.paths, core.host);
    if (!deployment) return deployment.error();
    core.deployment = std::move(*deployment);
    core.deployment.other_pid_files = other_pid_files(settings, core.paths, core.host);
    core.deployment.background = in_background;
    core.deployment.version = core.options.version;
    core.deployment.control_descriptor = control_descriptor_;
    core.deployment.keep_descriptors = passed_descriptors_;
    if (auto error = claim_ready_descriptor()) return error;
    if (auto error = claim_named_descriptors()) return error;
    core.stop_timeout.store(core.deployment.stop_timeout);
    core.extended_timeout.store(settings.get(setting::extended_timeout));
    core.hang_timeout.store(settings.get(setting::hang_timeout));
    core.log_router.set_level(core.deployment.log_level);
    core.streams.adapt(core.deployment);
    if (!entered_) daemon.configure(core.deployment);
    lock.configure(core.deployment);
    log.configure(core.deployment);
    control.configure(core.deployment);
    core.configuration->publish();
    if (auto planned = core.streams.plan(); !planned) return planned.error();

    if (auto prepared = prepare_run_directory(core.paths, core.host); !prepared) return prepared.error();
    const auto owner = lock.owner();
    if (!owner) return owner.error();
    if (*owner && (*owner)->is_instance) return busy_error(**owner, core.paths.pid_file);
    if (log.drops_lines()) core.warn("no log file is set, so the log is lost; name one with --log-file");
    return std::nullopt;
}

std::optional<Error> Lifecycle::prepare_late_load(bool in_background) {
    ServiceCore& core = *core_;
    if (auto done = core.configuration->read(); !done) return done.error();
    const Settings& settings = core.configuration->settings();
    Paths paths;
    paths.name = settings.get(setting::name);
    auto deployment = make_deployment(settings, paths, core.host);
    if (!deployment) return deployment.error();
    core.deployment = std::move(*deployment);
    core.deployment.background = in_background;
    core.deployment.version = core.options.version;
    core.deployment.keep_descriptors = passed_descriptors_;
    // What the load says is relative to where the caller is. A directory that was removed has no path; one can stay there.
    auto here = core.host.process->current_directory();
    core.deployment.working_directory = here ? *std::move(here) : ".";
    if (auto error = claim_ready_descriptor()) return error;
    core.policies->daemon.configure(core.deployment);
    return std::nullopt;
}

std::optional<Error> Lifecycle::enter(bool in_background) {
    ServiceCore& core = *core_;
    if (auto opened = core.host.streams->open_closed_ones(); !opened) return opened.error();
    if (auto held = signals_.hold(); !held) return held.error();
    if (auto refused = signals_.refusal()) {
        static_cast<void>(signals_.go_on());
        return refused;
    }
    const auto role = core.policies->daemon.enter();
    if (!role || *role == Role::parent) {
        // What came meanwhile does not change how this process ends.
        static_cast<void>(signals_.go_on());
        if (!in_background) return role.error();
        if (!role) core.print(role.error());
        core.host.process->exit_now(role ? 0 : to_int(role.error().exit_code));
    }
    entered_ = true;
    if (in_background && signals_.are_noted()) core.host.signals->forget_caller();
    if (auto noted = signals_.go_on(); !noted) return noted.error();
    return std::nullopt;
}

std::optional<Error> Lifecycle::note_signals() {
    if (core_->configuration->settings().get(setting::no_signal_handlers)) return std::nullopt;
    const auto noted = signals_.begin_load();
    return noted ? std::nullopt : std::optional{noted.error()};
}

std::optional<Error> Lifecycle::look_at_signals() {
    if (!signals_.are_noted()) return std::nullopt;
    if (auto refused = signals_.refusal()) return refused;
    if (core_->configuration->settings().get(setting::no_signal_handlers)) {
        signals_.give_back();
        return std::nullopt;
    }
    const auto noted = signals_.end_load();
    return noted ? std::nullopt : std::optional{noted.error()};
}

std::optional<Error> Lifecycle::take_up_late_surroundings() {
    ServiceCore& core = *core_;
    if (!core.deployment.background) return std::nullopt;
    core.host.process->set_file_mask(core.deployment.file_mask);
    if (auto gone = core.host.process->change_directory(core.deployment.working_directory); !gone) return gone.error();
    return std::nullopt;
}

std::optional<Error> Lifecycle::live(bool& started) {
    ServiceCore& core = *core_;
    core.runner.adopt_this_thread();
    core.host.crashes->guard_this_thread();
    auto failure = outcome_of([&] {
        auto error = start_event();
        started = !error;
        if (started) serve_until_stopped();
        return error;
    });
    if (started && failure) {
        // Nothing has limited the time of its end so far.
        core.loop->post([&core, why = failure->message()] { core.shutdown->stop(why); });
    }
    const bool is_told_to_end = core.shutdown->is_stopping() || core.end_asked_by_program.load();
    if (started || is_told_to_end) {
        stop_fault_ = stop_event();
        if (stop_fault_ && failure) core.log.error(stop_fault_->message());
        if (!failure) failure = stop_fault_;
        if (!failure && core.shutdown->is_stopping()) failure = core.shutdown->failure();
        if (started) stop_fault_ = failure;
    }
    run_cleanups();
    return failure;
}

void Lifecycle::serve_until_stopped() {
    ServiceCore& core = *core_;
    core.shutdown->set_started();
    core.set_state(ServiceState::running);
    core.log.info("ready");
    core.announcements.ready();
    tell_ready_descriptor();
    start_heartbeat();
    serve();
}

std::optional<Error> Lifecycle::claim_ready_descriptor() {
    ServiceCore& core = *core_;
    const int descriptor = core.configuration->settings().get(setting::ready_fd);
    if (descriptor == 0 || ready_descriptor_) return std::nullopt;
    if (auto claimed = core.host.inherited->claim_for_writing(descriptor); !claimed) {
        Error error = claimed.error();
        error.exit_code = ExitCode::configuration;
        error.action = "tell when it is ready on";
        return error;
    }
    ready_descriptor_ = descriptor;
    core.deployment.keep_descriptors.push_back(descriptor);
    return std::nullopt;
}

std::optional<Error> Lifecycle::claim_named_descriptors() {
    ServiceCore& core = *core_;
    for (const auto& descriptor :
         {os::named_descriptor(core.deployment.log_file), core.streams.descriptor_of(os::Stream::out),
          core.streams.descriptor_of(os::Stream::error)}) {
        if (!descriptor) continue;
        core.deployment.keep_descriptors.push_back(*descriptor);
        constexpr int last_stream = 2;
        if (*descriptor <= last_stream) continue;
        // Later the number may be that of a file of the service's own.
        if (auto claimed = core.host.inherited->claim_for_writing(*descriptor); !claimed) {
            Error error = claimed.error();
            error.exit_code = ExitCode::configuration;
            error.action = "write to";
            return error;
        }
    }
    return std::nullopt;
}

void Lifecycle::tell_ready_descriptor() {
    const auto descriptor = std::exchange(ready_descriptor_, std::nullopt);
    if (!descriptor) return;
    // Whoever wanted to know has gone: no reason to end.
    if (const auto told = core_->host.inherited->write_and_close(*descriptor, "\n"); !told)
        core_->log.warning(told.error().message());
}

void Lifecycle::leave_ready_descriptor() noexcept {
    if (const auto descriptor = std::exchange(ready_descriptor_, std::nullopt))
        core_->host.inherited->close(*descriptor);
}

std::optional<Error> Lifecycle::take_over_sockets() {
    ServiceCore& core = *core_;
    auto sockets = core.host.service_manager->take_listen_sockets();
    if (!sockets) return sockets.error();
    for (os::ListenSocket& socket : *sockets) {
        passed_descriptors_.push_back(socket.descriptor);
        if (socket.name != control_socket_name) {
            core.listen_sockets.push_back(std::move(socket));
        } else if (!control_descriptor_) {
            control_descriptor_ = socket.descriptor;
        } else {
            return Error{ExitCode::configuration, "take over the socket", socket.name,
                         "the service manager passes more than one of that name"};
        }
    }
    return std::nullopt;
}

std::optional<Error> Lifecycle::hold_lock() {
    ServiceCore& core = *core_;
    const auto acquired = core.policies->lock.acquire(LockWait::fail_fast, std::stop_token{});
    if (!acquired) return acquired.error();
    if (acquired->state != Acquisition::State::acquired) return busy_error(acquired->owner, core.paths.pid_file);
    lock_held_ = true;
    core.crash_watch.note_last_life(acquired->left_by);
    core.policies->lock.on_lost(
        [&core](const Error& error) { core.loop->post([&core, error] { core.shutdown->stop(error.message()); }); });
    return std::nullopt;
}

std::optional<Error> Lifecycle::open_log() {
    ServiceCore& core = *core_;
    LogPolicy& log = core.policies->log;
    if (auto opened = log.open(); !opened) return opened.error().at_stage(ExitCode::cannot_create);
    log_open_ = true;
    core.policies->daemon.logs_to(log.files());
    core.crash_watch.take_log();
    core.log_router.open(log, core.deployment.name);
    core.log.info("starting, pid " + std::to_string(core.pid));
    if (auto led = core.streams.lead(); !led) return led.error().at_stage(ExitCode::cannot_create);
    return std::nullopt;
}

std::optional<Error> Lifecycle::start_log() {
    ServiceCore& core = *core_;
    LogPolicy& log = core.policies->log;
    if (!log.works_in_background()) return std::nullopt;
    try {
        core.log_loop = core.host.make_event_loop("log");
    } catch (const std::system_error& error) {
        return os_error("make an event loop for the log", "", error.code().value());
    }
    if (auto started = log.start(*core.log_loop); !started) return started.error();
    core.log_loop->post([&core] { core.host.crashes->guard_this_thread(); });
    if (auto started = core.log_loop->start(); !started) return started.error();
    return std::nullopt;
}

std::optional<Error> Lifecycle::open_control() {
    ServiceCore& core = *core_;
    if (core.configuration->settings().get(setting::no_control_server)) return std::nullopt;
    auto opened = core.policies->control.open(*core.control_plane, *core.loop);
    if (!opened) return opened.error();
    control_open_ = true;
    return std::nullopt;
}

std::optional<Error> Lifecycle::start_handlers() {
    ServiceCore& core = *core_;
    const auto deliver = [&core](const os::ReceivedSignal& signal) { core.control_plane->signalled(signal); };
    if (auto taken = signals_.take(*core.loop, deliver); !taken) return taken.error();
    if (auto failure = start_log()) return failure;
    if (auto started = core.streams.start(); !started) return started.error();
    core.shutdown->limit_start(core.deployment.start_timeout);
    core.loop->post([&core] { core.host.crashes->guard_this_thread(); });
    if (auto started = core.loop->start(); !started) return started.error();
    loop_turns_ = true;
    return std::nullopt;
}

std::optional<Error> Lifecycle::start_event() {
    ServiceCore& core = *core_;
    try {
        const auto event = core.events.find("start");
        core.runner.run_unasked(*event, {}, {}, core.own_part(*event));
    } catch (...) {
        const CaughtException caught = describe_current_exception();
        return Error{ExitCode::internal, "start", "", caught.message};
    }
    if (core.shutdown->is_stopping() || core.end_asked_by_program.load())
        return Error{ExitCode::timeout, "start", "", "stopped while starting"};
    return std::nullopt;
}

void Lifecycle::start_heartbeat() {
    ServiceCore& core = *core_;
    if (const auto interval = core.policies->daemon.alive_interval())
        core.loop->post([&core, interval] { core.heartbeat->start(*interval); });
}

void Lifecycle::serve() {
    // However it ends: what a policy or the system throws leaves this, too.
    struct Serving {
        explicit Serving(Shutdown& the_shutdown) : shutdown{the_shutdown} { shutdown.set_serving(true); }
        Serving(const Serving&) = delete;
        Serving& operator=(const Serving&) = delete;
        ~Serving() { shutdown.set_serving(false); }
        Shutdown& shutdown;
    };
    ServiceCore& core = *core_;
    const Serving serving{*core.shutdown};
    for (;;) {
        if (core.shutdown->is_killing()) core.shutdown->run_kill_event();
        if (core.shutdown->is_stopping()) break;
        if (const auto run = core.queue.take())
            serve(*run);
        else
            core.parking->park();
    }
}

void Lifecycle::serve(QueuedEvent& run) {
    ServiceCore& core = *core_;
    try {
        core.own_status.refresh_before(run.event().name);
        core.run_event(run);
    } catch (const std::bad_alloc&) {
        // The event's own lack of memory is an error reply. This is that of the reply, or of what surrounds the event.
        static_cast<void>(run.lack_memory());
        static_cast<void>(attempt([&] { core.log.error("out of memory around event '" + run.event().name + "'"); }));
    }
}

std::optional<Error> Lifecycle::stop_event() {
    ServiceCore& core = *core_;
    core.set_state(ServiceState::stopping);
    try {
        const auto event = core.events.find("stop");
        core.runner.run_unasked(*event, {}, {}, core.own_part(*event));
    } catch (...) {
        return Error{ExitCode::internal, "stop", "", describe_current_exception().message};
    }
    return std::nullopt;
}

void Lifecycle::run_cleanups() {
    auto& cleanups = core_->cleanups;
    while (!cleanups.empty()) {
        const auto cleanup = std::move(cleanups.back());
        cleanups.pop_back();
        try {
            cleanup();
        } catch (...) {
            core_->log.error("a cleanup of the service failed: " + describe_current_exception().message);
        }
    }
}

void Lifecycle::end(const std::optional<Error>& fault) {
    ServiceCore& core = *core_;
    auto& [daemon, lock, log, control] = *core.policies;
    leave_ready_descriptor();
    // Nothing may be asked of the service any more, or it would wait for an answer for ever.
    for (const auto& run : core.queue.close())
        core.decline(*run, "not-ready", "the service is stopping", {{"state", "stopping"}});
    core.end_askers.answer(fault);
    if (control_open_ && loop_turns_) {
        std::atomic<bool> closed{false};
        core.loop->post([&control = control, &closed, &core] {
            control.close();
            closed.store(true, std::memory_order_release);
            core.parking->unpark();
        });
        while (!closed.load(std::memory_order_acquire)) core.parking->park();
    } else if (control_open_) {
        control.close();
    }
    if (log_open_) {
        core.streams.stop(core.stop_timeout.load() / 2);
        core.log.info("stopped");
        core.log_router.close();
        if (core.log_loop) {
            core.log_loop->stop();
            log.stop();
        }
        core.close_log(core.stop_timeout.load());
        core.crash_watch.forget_log();
    }
    core.crash_watch.close_report();
    if (lock_held_) lock.release();
    // The loop turned until here, so that the stop's time limit held for all of it.
    core.loop->stop();
    signals_.give_back();
    core.crash_watch.end();
    // What the program does from here on is its own.
    core.host.process->spare();
}

}  // namespace servicekit

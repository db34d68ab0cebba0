#include "core/service_core.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/escaped_text.hpp"
#include "core/built_in_events.hpp"
#include "core/configuration.hpp"
#include "core/control_plane.hpp"
#include "core/event_log.hpp"
#include "core/heartbeat.hpp"
#include "core/shutdown.hpp"

namespace servicekit {

using namespace std::chrono_literals;

ServiceCore::ServiceCore(ServiceBase& the_service, ServiceOptions the_options, EventHooks the_hooks,
                         std::unique_ptr<PolicyReferences> the_policies, os::Host the_host)
    : policies{std::move(the_policies)},
      service{the_service},
      options{std::move(the_options)},
      hooks{std::move(the_hooks)},
      host{std::move(the_host)},
      log_router{*host.clock, *host.process, *host.streams, *host.boost_log},
      log{log_router.whole()},
      parking{host.make_parking()},
      queue{*parking},
      runner{
          log, *host.clock,
          [this](EventRun& event, const std::function<Reply(EventRun&)>& next) { return service.handle(event, next); }},
      announcements{*host.clock, [this] { return shutdown->extend(); }},
      streams{*this},
      crash_watch{*this},
      own_status{*this},
      configuration{std::make_unique<Configuration>(*this)},
      shutdown{std::make_unique<Shutdown>(*this)},
      control_plane{std::make_unique<ControlPlane>(*this)},
      heartbeat{std::make_unique<Heartbeat>(*this)} {
    runner.wait_by(host.make_parking);
    runner.on_progress([this](std::uint64_t done, std::uint64_t total, std::string_view text) {
        announcements.progress(done, total, text);
        if (shutdown->is_stopping()) end_askers.progress(done, total, text);
    });
    runner.on_begin([this] { queue.tell_waiting([this] { return runner.running(); }); });
}

ServiceCore::~ServiceCore() = default;

Handler ServiceCore::own_part(const EventDeclaration& event) {
    const std::optional<BuiltIn> built_in = built_in_named(event.name);
    if (event.handler && built_in != BuiltIn::load)
        return built_in == BuiltIn::reload ? as_reload(event.handler) : event.handler;
    const auto runs = [this](void (ServiceBase::*handler)()) -> Handler {
        return [this, handler](const Arguments&, Context&) {
            (service.*handler)();
            return Reply{};
        };
    };
    switch (built_in.value()) {
        case BuiltIn::start:
            return runs(&ServiceBase::on_start);
        case BuiltIn::stop:
            return runs(&ServiceBase::on_stop);
        case BuiltIn::kill:
            return runs(&ServiceBase::on_kill);
        case BuiltIn::status:
            return [this](const Arguments&, Context&) { return own_status.ask(); };
        case BuiltIn::load:
            return [this](const Arguments&, Context&) {
                if (!configuration->is_loading()) return configuration->load_again(Configuration::Again::load);
                return configuration->run_on_load();
            };
        case BuiltIn::reload:
            return as_reload(
                [this](const Arguments&, Context&) { return configuration->load_again(Configuration::Again::reload); });
        default:
            break;
    }
    return [this, id = *built_in, name = event.name](const Arguments& arguments, Context&) {
        auto done = control_plane->do_at_once(id, arguments);
        if (!done) throw CallError("event-error", done.error().message(), {{"event", name}});
        return Reply{std::move(*done)};
    };
}

void ServiceCore::run_event(QueuedEvent& run) {
    // The declared handler as it is: a copy of it may own whatever the program gave it.
    const EventDeclaration& event = run.event();
    if (event.handler && built_in_named(event.name) != BuiltIn::reload) return runner.run(run, event.handler);
    runner.run(run, own_part(event));
}

Handler ServiceCore::as_reload(Handler handler) {
    return [this, handler = std::move(handler)](const Arguments& arguments, Context& context) {
        announcements.reloading();
        // A stop may come at any time, and its state stays.
        auto before = ServiceState::running;
        state.compare_exchange_strong(before, ServiceState::reloading);
        const auto over = [this](const std::string& fault) {
            auto now = ServiceState::reloading;
            state.compare_exchange_strong(now, ServiceState::running);
            announcements.reloaded(fault);
        };
        try {
            Reply reply = handler(arguments, context);
            over({});
            EventLog{log}.reloaded(reply.fields());
            return reply;
        } catch (...) {
            over(describe_current_exception().message);
            throw;
        }
    };
}

void ServiceCore::set_options(const ServiceOptions& next) {
    options = next;
    apply_options();
}

Result<void> ServiceCore::load() {
    runner.adopt_this_thread();
    set_state(ServiceState::loading);
    auto loaded = configuration->load();
    set_state(ServiceState::idle);
    return loaded;
}

ClientLoad ServiceCore::load_as_client() {
    runner.adopt_this_thread();
    set_state(ServiceState::loading);
    auto loaded = configuration->load_as_client();
    set_state(ServiceState::idle);
    return loaded;
}

void ServiceCore::apply_options() {
    LayeredSettings& settings = configuration->to_fill();
    settings.clear_layer(SettingsLayer::program);
    settings.fill(SettingsLayer::program);
    const auto set_path = [&settings](Setting<std::string> setting, const std::string& value) {
        if (!value.empty()) settings.set(setting, value);
    };
    set_path(setting::name, options.name);
    set_path(setting::run_directory, options.run_directory);
    set_path(setting::pid_file, options.pid_file);
    set_path(setting::control_socket, options.control_socket);
    set_path(setting::config, options.config);
    set_path(setting::log_file, options.log_file);
    if (options.log_level) settings.set(setting::log_level, *options.log_level);
    if (options.start_timeout) settings.set(setting::start_timeout, *options.start_timeout);
    if (options.stop_timeout) settings.set(setting::stop_timeout, *options.stop_timeout);
    if (!options.with_signal_handlers) settings.set(setting::no_signal_handlers, true);
    if (!options.with_control_server) settings.set(setting::no_control_server, true);
}

std::pair<std::shared_ptr<const EventDeclaration>, Arguments> ServiceCore::check(std::string_view event,
                                                                                 const Object& arguments) {
    auto found = events.find(event);
    if (!found || !is_client_event(event))
        throw CallError("event-not-found", "there is no event '" + std::string{event} + "'", {{"event", event}});
    try {
        Arguments checked = check_arguments(*found, arguments);
        return {std::move(found), std::move(checked)};
    } catch (const BadArgument& bad) {
        throw CallError("bad-argument", bad.what(), {{"event", event}, {"argument", bad.argument()}});
    }
}

Peer ServiceCore::self() const {
    return {.pid = pid, .uid = host.process->effective_user(), .role = ControlRole::owner};
}

Reply ServiceCore::end_from_within(std::string_view event) {
    const bool stops = built_in_named(event) == BuiltIn::stop;
    end_asked_by_program.store(true);
    loop->post([this, stops] {
        if (stops)
            shutdown->stop("asked for by the program");
        else
            shutdown->kill("asked for by the program");
    });
    return Reply{{"result", stops ? "stop-initiated" : "kill-initiated"}};
}

Reply ServiceCore::with_status_fields(const Object& own) const {
    Reply whole{control_plane->status_fields()};
    for (const auto& [key, value] : own) whole.set(key, value);
    return whole;
}

Reply ServiceCore::run_nested(std::string_view event, const Object& arguments) {
    auto [found, checked] = check(event, arguments);
    if (current_state() == ServiceState::loading)
        throw CallError("not-ready", "the service is loading", {{"state", "loading"}});
    const std::optional<BuiltIn> built_in = built_in_named(event);
    if (built_in == BuiltIn::stop || built_in == BuiltIn::kill) return end_from_within(event);
    try {
        Reply own = runner.run_unasked(*found, checked, self(), own_part(*found));
        return built_in == BuiltIn::status ? with_status_fields(own.fields()) : own;
    } catch (const CallError&) {
        throw;
    } catch (...) {
        const CaughtException caught = describe_current_exception();
        throw CallError(caught.code, caught.message, caught.as_error(std::string{event}));
    }
}

void ServiceCore::decline(QueuedEvent& run, std::string_view code, const std::string& why, const Object& fields) {
    // What core itself does for it may be done already: only its handler is left out.
    if (run.decline(make_error(code, why, fields)) && run.logs_outcome())
        EventLog{log}.never_ran(run.event().name, why);
}

void ServiceCore::queue_own(std::string_view event, const Object& arguments, CallbackAnswer::Callback callback) {
    auto [found, checked] = check(event, arguments);
    check_takes_events();
    const std::optional<BuiltIn> built_in = built_in_named(event);
    if (built_in == BuiltIn::stop || built_in == BuiltIn::kill) {
        const Reply initiated = end_from_within(event);
        return callback(&initiated.fields(), nullptr);
    }
    if (built_in == BuiltIn::status) {
        callback = [this, callback = std::move(callback)](const Object* own, const Object* error) {
            if (own == nullptr) return callback(nullptr, error);
            const Reply whole = with_status_fields(*own);
            callback(&whole.fields(), nullptr);
        };
    }
    push(std::make_shared<QueuedEvent>(found, std::move(checked), self(),
                                       std::make_unique<CallbackAnswer>(std::move(callback))));
}

void ServiceCore::queue_work(std::string_view what, std::function<void()> work) {
    check_takes_events();
    EventDeclaration event{.name = std::string{what}};
    event.handler = [work = std::move(work)](const Arguments&, Context&) {
        work();
        return Reply{};
    };
    push(std::make_shared<QueuedEvent>(std::make_shared<const EventDeclaration>(std::move(event)), Arguments{}, self(),
                                       std::make_unique<CallbackAnswer>([](const Object*, const Object*) {})));
}

void ServiceCore::check_takes_events() const {
    const ServiceState now = current_state();
    if (now != ServiceState::running && now != ServiceState::reloading && !runner.is_in_handler())
        throw CallError("not-ready", "the service is " + std::string{to_string(now)}, {{"state", to_string(now)}});
}

void ServiceCore::push(std::shared_ptr<QueuedEvent> run) {
    if (queue.push(std::move(run))) return;
    if (shutdown->is_stopping()) throw CallError("not-ready", "the service is stopping", {{"state", "stopping"}});
    throw CallError("busy", "too many events wait already", {{"limit", EventQueue::limit}});
}

Result<void> ServiceCore::reopen_log() {
    const std::lock_guard guard{log_mutex_};
    if (auto reopened = policies->log.reopen(); !reopened) return reopened;
    return streams.reopen();
}

void ServiceCore::set_log_level(LogLevel level) {
    log_router.set_level(level);
    const std::lock_guard guard{log_mutex_};
    policies->log.set_level(log_router.lowest_level());
}

bool ServiceCore::set_log_level(std::string_view channel, std::optional<LogLevel> level) {
    if (!log_router.set_channel_level(channel, level)) return false;
    const std::lock_guard guard{log_mutex_};
    policies->log.set_level(log_router.lowest_level());
    return true;
}

void ServiceCore::close_log(std::chrono::milliseconds at_most) {
    // What was printed until now belongs into the log, too.
    const auto begin = host.clock->steady_now();
    streams.stop(at_most / 2);
    const auto used = std::chrono::duration_cast<std::chrono::milliseconds>(host.clock->steady_now() - begin);
    // Not by a std::timed_mutex, whose waiting the thread sanitizers of our compilers do not know.
    std::unique_lock lock{log_mutex_, std::try_to_lock};
    for (auto waited = 0ms; !lock && waited < at_most; waited += 1ms) {
        std::this_thread::sleep_for(1ms);
        static_cast<void>(lock.try_lock());
    }
    // Whoever has it hangs in the log.
    if (lock) policies->log.close(std::max(at_most / 2, at_most - used));
}

void ServiceCore::print(const Error& error) { print(LogLevel::error, error.message()); }

void ServiceCore::warn(const std::string& text) { print(LogLevel::warning, "warning: " + text); }

void ServiceCore::print(LogLevel level, const std::string& text) {
    const std::string& name = paths.name.empty() ? options.name : paths.name;
    std::string prefix;
    if (host.service_manager->has_journal_on_stderr()) prefix = level == LogLevel::warning ? "<4>" : "<3>";
    host.streams->write(os::Stream::error, prefix + escaped((name.empty() ? "service" : name) + ": " + text) + "\n");
}

void ServiceCore::report(const Error& error) {
    if (deployment.background || !deployment.log_file.empty()) log.error(error.message());
    if (!deployment.background) print(error);
}

}  // namespace servicekit

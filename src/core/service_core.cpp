#include "core/service_core.hpp"

#include <utility>

#include "core/current_handler.hpp"

namespace servicekit {
namespace {

bool is_lisp_linked = false;

}  // namespace

bool ServiceCore::may_have_lisp() noexcept { return is_lisp_linked; }
bool ServiceCore::note_lisp() noexcept { return is_lisp_linked = true; }

ServiceCore::ServiceCore(ServiceBase& service, ServiceOptions options, EventHooks hooks,
                         std::unique_ptr<PolicyReferences> policies, os::Host host)
    : policies_{std::move(policies)},
      host_{std::move(host)},
      hooks_{std::move(hooks)},
      program_{.on_load = [&service](Settings& settings) { service.on_load(settings); },
               .on_start = [&service] { service.on_start(); },
               .on_stop = [&service] { service.on_stop(); },
               .on_kill = [&service] { service.on_kill(); },
               .on_reload = [&service] { service.on_reload(); },
               .on_status = [&service](Reply& reply) { service.on_status(reply); }},
      instance_{.options = std::move(options)},
      log_router_{*host_.clock, *host_.process, *host_.streams, *host_.boost_log},
      log_{log_router_.whole()},
      error_output_{instance_, host_, log_},
      streams_{log_router_, host_},
      service_log_{log_router_, policies_->log, streams_, host_},
      parking_{host_.make_parking()},
      queue_{*parking_, *host_.clock},
      runs_{[this] { queue_.wake(); }},
      waits_{std::make_shared<Waits>(*host_.clock, host_.make_parking)},
      surroundings_{log_,
                    *host_.clock,
                    *host_.threads,
                    waits_,
                    runs_,
                    service_metrics_,
                    [&service](EventRun& event, const std::function<Reply(EventRun&)>& next) {
                        const HandlerScope scope{event.context()};
                        return service.handle(event, next);
                    }},
      runner_{surroundings_},
      configuration_{program_, events_, runner_, instance_, *policies_, service_log_, limits_, host_},
      crash_watch_{instance_, runner_.trail(), *policies_, streams_, error_output_, host_, log_},
      privileges_{configuration_, instance_, *policies_, streams_, crash_watch_, host_, log_},
      pool_{queue_, surroundings_, runner_.trail(), host_},
      timers_{std::make_shared<Timers>(queue_, *host_.clock, log_, [this] { return requests_.self(); })},
      run_requests_{queue_, runs_, service_metrics_, *host_.users, log_},
      announcements_{*host_.clock, [this] { return shutdown_.extend(); }},
      stop_note_{*host_.files, *host_.clock},
      metrics_file_{host_, log_},
      forced_exit_{error_output_, runs_,      end_askers_,   *policies_,     service_log_,
                   crash_watch_,  stop_note_, metrics_file_, announcements_, *host_.process},
      shutdown_{state_, limits_, queue_, runner_, runs_, announcements_, stop_note_, forced_exit_, host_, log_},
      metrics_{[this](std::string_view name) { return status_.is_built_in(name); }},
      health_checks_{std::make_shared<HealthChecks>(host_, waits_, runs_.stop_token(), log_)},
      health_{health_checks_},
      candidacy_{policies_->lock, log_},
      activity_{policies_->lock, candidacy_,     events_, queue_,         runs_,     *timers_, *health_checks_,
                shutdown_,       announcements_, state_,  configuration_, instance_, host_,    log_},
      metrics_report_{metrics_, service_metrics_, *health_checks_, candidacy_, instance_,  log_router_,
                      queue_,   runner_,          pool_,           runs_,      *policies_, host_},
      status_{program_, events_,    runner_,    queue_,   runs_,           *timers_,     instance_,
              state_,   *policies_, candidacy_, metrics_, *health_checks_, *host_.clock, log_},
      replies_{events_, configuration_, instance_, log_router_, service_log_, metrics_report_, host_},
      handlers_{program_, events_,  runner_, pool_,          run_requests_,    configuration_,
                status_,  replies_, state_,  announcements_, service_metrics_, log_},
      requests_{events_, queue_,    runner_,   pool_,     run_requests_,  handlers_, status_,
                state_,  shutdown_, activity_, instance_, *host_.process, log_},
      control_plane_{events_,   queue_,    runner_,     pool_,        run_requests_,    state_, status_, replies_,
                     shutdown_, activity_, end_askers_, service_log_, service_metrics_, host_,  log_},
      heartbeat_{runner_, pool_, limits_, announcements_, *host_.clock, log_},
      event_thread_{handlers_,       status_,   queue_,    runner_, runs_,          pool_, *timers_,
                    *health_checks_, shutdown_, activity_, state_,  *host_.crashes, log_} {
    runner_.on_progress([this](std::uint64_t done, std::uint64_t total, std::string_view text) {
        announcements_.progress(done, total, text);
        if (shutdown_.is_stopping()) end_askers_.progress(done, total, text);
    });
    runner_.on_begin([this] { queue_.tell_waiting([this] { return runner_.running(); }); });
    if (candidacy_.has_standby()) configuration_.to_fill().set_scope(SettingScope::with_standby);
    apply_options();
}

ServiceCore::~ServiceCore() {
    timers_->disarm();
    health_checks_->disarm();
}

void ServiceCore::set_options(ServiceOptions options) {
    instance_.options = std::move(options);
    apply_options();
}

Result<void> ServiceCore::load() {
    runner_.adopt_this_thread();
    state_.become(ServiceState::loading);
    auto loaded = configuration_.load();
    state_.become(ServiceState::idle);
    return loaded;
}

ClientLoad ServiceCore::load_as_client() {
    runner_.adopt_this_thread();
    state_.become(ServiceState::loading);
    auto loaded = configuration_.load_as_client();
    state_.become(ServiceState::idle);
    return loaded;
}

void ServiceCore::apply_options() {
    const ServiceOptions& options = instance_.options;
    LayeredSettings& settings = configuration_.to_fill();
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

}  // namespace servicekit

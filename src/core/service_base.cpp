#include "servicekit/core/service_base.hpp"

#include <exception>
#include <future>
#include <utility>

#include "core/lifecycle.hpp"
#include "core/service_core.hpp"

namespace servicekit {
namespace {

/// Returns the exception that a caller in C++ gets for an error object.
CallError as_exception(const Object& error) {
    return {error.get<std::string>("code", {}), error.get<std::string>("message", {}), error};
}

}  // namespace

std::string_view to_string(ServiceState state) noexcept {
    switch (state) {
        case ServiceState::idle:
            return "idle";
        case ServiceState::loading:
            return "loading";
        case ServiceState::starting:
            return "starting";
        case ServiceState::standby:
            return "standby";
        case ServiceState::running:
            return "running";
        case ServiceState::reloading:
            return "reloading";
        case ServiceState::stopping:
            return "stopping";
        case ServiceState::stopped:
            break;
    }
    return "stopped";
}

ServiceBase::ServiceBase(ServiceOptions options, EventHooks hooks, std::unique_ptr<PolicyReferences> policies,
                         const os::Host& host)
    : core_{std::make_unique<ServiceCore>(*this, std::move(options), std::move(hooks), std::move(policies), host)} {}

ServiceBase::~ServiceBase() = default;

const os::Host& ServiceBase::host() const noexcept { return core_->host_; }

int ServiceBase::start() { return Lifecycle{*core_}.run(core_->options().daemonize); }

int ServiceBase::run() { return Lifecycle{*core_}.run(false); }

EventTable& ServiceBase::events() noexcept { return core_->events_; }

Metrics& ServiceBase::metrics() noexcept { return core_->metrics_; }

Health& ServiceBase::health() noexcept { return core_->health_; }

Reply ServiceBase::trigger(std::string_view event, const Object& arguments) {
    if (Runs::is_in_stop_callback())
        throw CallError("not-ready", "a stop callback can't wait for an event", {{"event", event}});
    if (EventRunner* const runner = core_->requests_.runner_here())
        return core_->requests_.run_nested(*runner, event, arguments);

    std::promise<Reply> promise;
    auto future = promise.get_future();
    core_->requests_.queue(event, arguments, [&promise](const Object* fields, const Object* error) {
        try {
            if (fields == nullptr) throw as_exception(*error);
            promise.set_value(Reply{*fields});
        } catch (...) {
            promise.set_exception(std::current_exception());
        }
    });
    return future.get();
}

void ServiceBase::post(std::string_view event, const Object& arguments) {
    const auto warn = [this, name = std::string{event}](const std::string& message) {
        core_->log_.warning("event '" + name + "', which the program posted: " + message);
    };
    const auto answer = [warn](const Object*, const Object* error) {
        if (error == nullptr) return;
        // All other exceptions of a handler are in the log already.
        const std::string code = error->get<std::string>("code", {});
        if (code == "not-ready" || code == "bad-argument") warn(error->get<std::string>("message", {}));
    };
    try {
        core_->requests_.queue(event, arguments, answer);
    } catch (const CallError& error) {
        // An exception that leaves a stop callback ends the process.
        if (!Runs::is_in_stop_callback()) throw;
        warn(error.what());
    }
}

void ServiceBase::post_work(std::string_view what, std::function<void()> work) {
    core_->requests_.queue_work(what, std::move(work));
}

TimerHandle ServiceBase::every(std::chrono::milliseconds interval, std::string name, std::function<void()> work) {
    return core_->timers_->add(interval, true, std::move(name), std::move(work));
}

TimerHandle ServiceBase::after(std::chrono::milliseconds delay, std::string name, std::function<void()> work) {
    return core_->timers_->add(delay, false, std::move(name), std::move(work));
}

std::stop_token ServiceBase::stop_token() const noexcept { return core_->runs_.stop_token(); }

const Waiting& ServiceBase::waiting() const noexcept { return *core_->waits_; }

bool ServiceBase::wait_until(Waiting::Time time) const {
    const EventRunner* const runner = core_->requests_.runner_here();
    if (runner != nullptr && runner->context() != nullptr) return runner->context()->wait_until(time);
    return core_->waits_->wait_until(time, core_->runs_.stop_token());
}

void ServiceBase::add_cleanup(std::function<void()> cleanup) { core_->event_thread_.add_cleanup(std::move(cleanup)); }

void ServiceBase::request_stop() { core_->shutdown_.stop_for_program(); }

void ServiceBase::announce(std::string_view text) { core_->announcements_.say(text); }

const std::vector<os::ListenSocket>& ServiceBase::listen_sockets() const noexcept {
    return core_->instance_.listen_sockets;
}

std::vector<int> ServiceBase::listen_sockets(std::string_view name) const {
    std::vector<int> descriptors;
    for (const os::ListenSocket& socket : core_->instance_.listen_sockets)
        if (socket.name == name) descriptors.push_back(socket.descriptor);
    return descriptors;
}

void ServiceBase::report_progress(std::uint64_t done, std::uint64_t total, std::string_view text) const {
    const EventRunner* const runner = core_->requests_.runner_here();
    if (runner != nullptr && runner->context() != nullptr) runner->context()->progress(done, total, text);
}

Logger& ServiceBase::log() noexcept { return core_->log_; }

const Settings& ServiceBase::settings() const noexcept { return core_->configuration_.settings(); }

ServiceState ServiceBase::state() const noexcept { return core_->state_.now(); }

bool ServiceBase::is_reload() const noexcept { return core_->configuration_.loads_again() || core_->state_.reloads(); }

bool ServiceBase::is_active() const noexcept { return core_->candidacy_.is_active(); }

std::optional<std::uint64_t> ServiceBase::lock_token() const {
    return core_->candidacy_.is_active() ? core_->candidacy_.token() : std::nullopt;
}

void ServiceBase::load_in_service() noexcept { core_->loads_in_service_ = true; }

void ServiceBase::on_load(Settings& settings) {
    if (core_->hooks_.on_load) core_->hooks_.on_load(settings);
}

void ServiceBase::on_start() {
    if (core_->hooks_.on_start) core_->hooks_.on_start();
}

void ServiceBase::on_stop() {
    if (core_->hooks_.on_stop) core_->hooks_.on_stop();
}

void ServiceBase::on_kill() {
    if (core_->hooks_.on_kill) core_->hooks_.on_kill();
}

void ServiceBase::on_reload() {
    if (core_->hooks_.on_reload)
        core_->hooks_.on_reload();
    else
        static_cast<void>(core_->configuration_.run_on_load());
}

void ServiceBase::on_status(Reply& reply) {
    if (core_->hooks_.on_status)
        core_->hooks_.on_status(reply);
    else
        core_->status_.note_default();
}

bool ServiceBase::declare_config(std::shared_ptr<const ConfigSchema> schema) {
    core_->configuration_.own().declare(std::move(schema));
    return true;
}

const void* ServiceBase::current_config() const noexcept { return core_->configuration_.own().current(); }

[[gnu::hot]] Reply ServiceBase::handle(EventRun& event, const std::function<Reply(EventRun&)>& next) {
    return next(event);
}

}  // namespace servicekit

#include "servicekit/core/service_base.hpp"

#include <exception>
#include <future>
#include <utility>

#include "core/configuration.hpp"
#include "core/lifecycle.hpp"
#include "core/protocol.hpp"
#include "core/service_core.hpp"
#include "core/shutdown.hpp"

namespace servicekit {
namespace {

/// What a caller in C++ gets for an error object.
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
    : core_{std::make_unique<ServiceCore>(*this, std::move(options), std::move(hooks), std::move(policies), host)} {
    core_->apply_options();
}

ServiceBase::~ServiceBase() = default;

const os::Host& ServiceBase::host() const noexcept { return core_->host; }

int ServiceBase::start() { return Lifecycle{*core_}.run(core_->options.daemonize); }

int ServiceBase::run() { return Lifecycle{*core_}.run(false); }

EventTable& ServiceBase::events() noexcept { return core_->events; }

Reply ServiceBase::trigger(std::string_view event, const Object& arguments) {
    if (core_->runner.is_in_handler()) return core_->run_nested(event, arguments);

    std::promise<Reply> promise;
    auto future = promise.get_future();
    core_->queue_own(event, arguments, [&promise](const Object* fields, const Object* error) {
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
    core_->queue_own(event, arguments, [this, name = std::string{event}](const Object*, const Object* error) {
        if (error == nullptr) return;
        // All else that a handler throws is in the log already.
        const std::string code = error->get<std::string>("code", {});
        if (code == "not-ready" || code == "bad-argument")
            core_->log.warning("event '" + name +
                               "', which the program posted: " + error->get<std::string>("message", {}));
    });
}

void ServiceBase::post_work(std::string_view what, std::function<void()> work) {
    core_->queue_work(what, std::move(work));
}

void ServiceBase::add_cleanup(std::function<void()> cleanup) { core_->cleanups.push_back(std::move(cleanup)); }

void ServiceBase::request_stop() {
    if (!core_->loop && core_->current_state() != ServiceState::loading) return;
    core_->end_asked_by_program.store(true);
    if (core_->loop) core_->loop->post([this] { core_->shutdown->stop("asked for by the program"); });
}

void ServiceBase::announce(std::string_view text) { core_->announcements.say(text); }

const std::vector<os::ListenSocket>& ServiceBase::listen_sockets() const noexcept { return core_->listen_sockets; }

std::vector<int> ServiceBase::listen_sockets(std::string_view name) const {
    std::vector<int> descriptors;
    for (const os::ListenSocket& socket : core_->listen_sockets)
        if (socket.name == name) descriptors.push_back(socket.descriptor);
    return descriptors;
}

void ServiceBase::report_progress(std::uint64_t done, std::uint64_t total, std::string_view text) const {
    if (core_->runner.is_in_handler()) core_->runner.progress(done, total, text);
}

Logger& ServiceBase::log() noexcept { return core_->log; }

const Settings& ServiceBase::settings() const noexcept { return core_->configuration->settings(); }

ServiceState ServiceBase::state() const noexcept { return core_->current_state(); }

bool ServiceBase::is_reload() const noexcept {
    return core_->configuration->loads_again() || core_->current_state() == ServiceState::reloading;
}

void ServiceBase::load_in_service() noexcept { core_->loads_in_service = true; }

void ServiceBase::on_load(Settings& settings) {
    if (core_->hooks.on_load) core_->hooks.on_load(settings);
}

void ServiceBase::on_start() {
    if (core_->hooks.on_start) core_->hooks.on_start();
}

void ServiceBase::on_stop() {
    if (core_->hooks.on_stop) core_->hooks.on_stop();
}

void ServiceBase::on_kill() {
    if (core_->hooks.on_kill) core_->hooks.on_kill();
}

void ServiceBase::on_reload() {
    if (core_->hooks.on_reload)
        core_->hooks.on_reload();
    else
        static_cast<void>(core_->configuration->run_on_load());
}

void ServiceBase::on_status(Reply& reply) {
    if (core_->hooks.on_status)
        core_->hooks.on_status(reply);
    else
        core_->own_status.note_default();
}

Reply ServiceBase::handle(EventRun& event, const std::function<Reply(EventRun&)>& next) { return next(event); }

}  // namespace servicekit

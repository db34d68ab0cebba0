#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/announcements.hpp"
#include "core/client_load.hpp"
#include "core/crash_watch.hpp"
#include "core/end_askers.hpp"
#include "core/event_queue.hpp"
#include "core/event_runner.hpp"
#include "core/log_router.hpp"
#include "core/own_status.hpp"
#include "core/paths.hpp"
#include "core/stream_redirection.hpp"
#include "servicekit/core/service_base.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/daemon_policy.hpp"
#include "servicekit/policy/lock_policy.hpp"
#include "servicekit/policy/log_policy.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {

/// What the parts of one service share: the policies, the two threads' meeting points, and the service's state.
/// Its parts: Configuration loads, Lifecycle begins and ends, ControlPlane answers, Shutdown ends what will not end.
class ServiceCore {
public:
    ServiceCore(ServiceBase& service, ServiceOptions options, EventHooks hooks,
                std::unique_ptr<PolicyReferences> policies, os::Host host);
    ~ServiceCore();

    /// For components, which add to what a service has.
    [[nodiscard]] static ServiceCore& of(ServiceBase& service) noexcept { return *service.core_; }

    /// What the service itself does for an event: the handler that was declared, or the virtual that stands for it.
    /// \returns nothing callable for built-in events that have no such part.
    [[nodiscard]] Handler own_part(const EventDeclaration& event);
    /// Runs one that was queued, by its own part, and gives its answer. From the event thread.
    void run_event(QueuedEvent& run);
    /// The handler as a reload: who watches the service is told that it begins and that it is over.
    [[nodiscard]] Handler as_reload(Handler handler);

    // The service's own events, which are no one else's to call.
    void on_load(Settings& settings) { service.on_load(settings); }
    void on_reload() { service.on_reload(); }
    void on_status(Reply& reply) { service.on_status(reply); }

    void set_state(ServiceState next) noexcept { state.store(next, std::memory_order_release); }
    [[nodiscard]] ServiceState current_state() const noexcept { return state.load(std::memory_order_acquire); }

    /// Takes `options` into the settings' layer `program`.
    void apply_options();
    /// The same with what main() says, in place of what the constructor was given.
    void set_options(const ServiceOptions& next);

    /// For the verbs that start nothing: reads the config file, then runs the load event on the settings. The state is
    /// `loading` meanwhile, as at a start.
    Result<void> load();
    /// The same for a verb that talks to a running service, which goes on with what it can use.
    [[nodiscard]] ClientLoad load_as_client();

    /// Runs an event within the handler that asks for it. Throws CallError.
    Reply run_nested(std::string_view event, const Object& arguments);
    /// Answers one that will not run, and has the log say so.
    void decline(QueuedEvent& run, std::string_view code, const std::string& why, const Object& fields);

    /// Queues an event that the program asks for. Throws CallError where it can't be.
    void queue_own(std::string_view event, const Object& arguments, CallbackAnswer::Callback callback);

    /// Queues a function of the program's own. Throws CallError where it can't be.
    void queue_work(std::string_view what, std::function<void()> work);

    /// The log policy's rare calls, one at a time, whichever thread they come from.
    Result<void> reopen_log();
    void set_log_level(LogLevel level);
    /// \param level nothing: that of the whole again
    /// \returns false where LogRouter::set_channel_level() does
    [[nodiscard]] bool set_log_level(std::string_view channel, std::optional<LogLevel> level);
    void close_log(std::chrono::milliseconds at_most);

    /// Says it on stderr, with the service's name.
    void print(const Error& error);
    /// Says a warning there, while it still leads to whoever starts the service.
    void warn(const std::string& text);
    /// Tells the operator, once: in the log; in the foreground without a log file on stderr.
    void report(const Error& error);

    std::unique_ptr<PolicyReferences> policies;  // outlives all that drives them

    ServiceBase& service;
    ServiceOptions options;
    EventHooks hooks;
    os::Host host;
    std::vector<std::function<void()>> cleanups;
    /// An event, beside those that are built in, that is answered on the control thread whatever runs, unless somebody
    /// has replaced it.
    struct AnswerAtOnce {
        std::shared_ptr<const EventDeclaration> event;
        std::function<Object()> answer;  ///< neither blocks nor throws
    };
    std::map<std::string, AnswerAtOnce, std::less<>> answers_at_once;  ///< by name; filled before the start

    LogRouter log_router;
    Logger& log;  ///< for all that no channel is named for
    EventTable events;
    std::unique_ptr<os::Parking> parking;
    EventQueue queue;
    EventRunner runner;
    EndAskers end_askers;
    Announcements announcements;
    StreamRedirection streams;
    CrashWatch crash_watch;
    OwnStatus own_status;
    std::unique_ptr<os::EventLoop> loop;      // made after the last fork
    std::unique_ptr<os::EventLoop> log_loop;  // where the log works in the background

    std::unique_ptr<class Configuration> configuration;
    std::unique_ptr<class Shutdown> shutdown;
    std::unique_ptr<class ControlPlane> control_plane;
    std::unique_ptr<class Heartbeat> heartbeat;

    // Set once, before the control thread exists.
    Paths paths;
    Deployment deployment;
    std::vector<os::ListenSocket> listen_sockets;  // the program's own
    std::chrono::steady_clock::time_point started_at;
    std::string started_at_text;
    pid_t pid = 0;

    std::atomic<ServiceState> state{ServiceState::idle};
    /// The program has asked for its end. The loop, which ends it, comes to that later, or has yet to be made.
    std::atomic<bool> end_asked_by_program{false};
    std::atomic<std::chrono::milliseconds> stop_timeout{std::chrono::milliseconds{8000}};
    /// How long a start or a stop may take while it reports progress.
    std::atomic<std::chrono::milliseconds> extended_timeout{std::chrono::minutes{15}};
    /// How long an event may run without a sign of progress before it counts as hung; 0: for ever.
    std::atomic<std::chrono::milliseconds> hang_timeout{std::chrono::milliseconds{0}};
    /// The load event runs in the process that becomes the service, after the last fork: for one that starts threads, which no
    /// fork keeps. What is to be known before, such as a time limit of the start, can't be set by it then.
    bool loads_in_service = false;

private:
    void print(LogLevel level, const std::string& text);
    /// What both ways of asking check first.
    std::pair<std::shared_ptr<const EventDeclaration>, Arguments> check(std::string_view event,
                                                                        const Object& arguments);
    /// Throws CallError where no event can be queued.
    void check_takes_events() const;
    void push(std::shared_ptr<QueuedEvent> run);
    [[nodiscard]] Peer self() const;
    Reply end_from_within(std::string_view event);
    [[nodiscard]] Reply with_status_fields(const Object& own) const;

    std::mutex log_mutex_;
};

}  // namespace servicekit

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/core/call_error.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/core/health.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/core/metrics.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/core/timer_handle.hpp"
#include "servicekit/core/waiting.hpp"
#include "servicekit/os/listen_socket.hpp"

namespace servicekit::os {
struct Host;
}

namespace servicekit {

/// docs/reference/states.md says what each is, and what may follow it.
enum class ServiceState { idle, loading, starting, standby, running, reloading, stopping, stopped };

/// The name of the state, as `status` shows it.
[[nodiscard]] std::string_view to_string(ServiceState state) noexcept;

class ConfigSchema;
struct PolicyReferences;

/// The functions of a service that do not depend on its policies: the part of BasicService that is not a template.
///
/// Handlers, including the virtual on_* functions, run one at a time on the thread that called start(). As pid 1 of a
/// container, all except the first on_load() run on another thread, the same for all (see Foreground). This thread is
/// called the handler thread. Handlers of concurrent events run on a pool of threads. Health checks run on threads of
/// their own. Another thread serves the control socket and the signals. It runs none of the application's code except
/// stop callbacks of runs that are stopped or cancelled.
class ServiceBase {
public:
    virtual ~ServiceBase();
    ServiceBase(const ServiceBase&) = delete;
    ServiceBase& operator=(const ServiceBase&) = delete;

    /// Loads the configuration, goes to the background if that is requested, and serves until stopped.
    /// Returns only in the service, when it has ended. The process that the user started leaves by _exit(2) with an
    /// exit code for the result of the start. An error before the service has left that process is printed on stderr
    /// and returned.
    /// \returns the exit code for main(). Call it at most once.
    int start();
    /// Does the same in the foreground, whatever the options are.
    int run();

    /// The events of the service, to add and replace handlers. May be called from any thread, at any time.
    [[nodiscard]] EventTable& events() noexcept;

    /// The numbers and texts that `status` and `metrics` show at once, whatever runs. See Metrics.
    [[nodiscard]] Metrics& metrics() noexcept;

    /// The health checks, which run beside the handlers. `health`, `status` and `metrics` show their results. See
    /// Health.
    [[nodiscard]] Health& health() noexcept;

    /// Runs an event and waits for its reply. In a handler the event runs nested, at once, at most 16 deep; in a
    /// handler of a concurrent event, only concurrent events can be run. On any other thread the event is queued.
    /// \throws CallError with the error that a client would get: "event-not-found", "bad-argument", "event-error", or
    ///         "not-ready" before the service is running, while it stands by and once it stops
    Reply trigger(std::string_view event, const Object& arguments = {});
    /// Queues an event and returns at once. An error of the event is logged. \throws CallError as trigger() does
    void post(std::string_view event, const Object& arguments = {});

    /// Queues `work` to run on the handler thread, in order with the events. Returns at once. An exception from `work`
    /// is logged.
    /// \param what the name for status and log; not that of a built-in event
    /// \throws CallError as trigger() does, std::invalid_argument for a name that is not allowed
    void post_work(std::string_view what, std::function<void()> work);

    /// Runs `work` periodically on the handler thread, in order with the events. The first run is due one interval
    /// after this call, or after the service is ready if this is called earlier. A run that is due while the previous
    /// one still waits or runs is left out. An exception from `work` is logged, and the next run happens as planned. A
    /// stop ends the runs. If the lock has a second level, the end of an activity also ends what was planned during it,
    /// from on_start() on; other work begins again with the next activity.
    /// May be called from any thread, also before start().
    /// \code
    /// every(60s, "sweep", [this] { sweep(); });
    /// \endcode
    /// \param interval positive
    /// \param name the name for status and log; not that of a built-in event
    /// \throws std::invalid_argument
    TimerHandle every(std::chrono::milliseconds interval, std::string name, std::function<void()> work);
    /// Runs `work` once. \param delay may be 0
    TimerHandle after(std::chrono::milliseconds delay, std::string name, std::function<void()> work);

    /// Stop is requested when the service begins to stop. For the application's own threads. May be called from any
    /// thread. For callbacks on it see Context::stop_token(). If the lock has a second level, stop is also requested
    /// when an activity ends, and the next activity has another token.
    [[nodiscard]] std::stop_token stop_token() const noexcept;
    /// Waits. Returns early when the service stops. In a handler it is Context::wait_for() of the innermost running
    /// event. May be called from any thread. On mocks::FakeOs the time is virtual for handlers and for threads of its
    /// host().
    /// \returns true if the whole time has passed
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> time) const {
        return wait_until(end_of_wait(waiting().now(), time));
    }
    /// Waits until a point in time, like wait_for(). \returns true if it has come
    bool wait_until(Waiting::Time time) const;

    /// Stops the service, like the event `stop`. Returns at once. In the load event of a start it ends the start, with
    /// exit code 75.
    void request_stop();

    /// Registers a function that runs on the handler thread after the stop event, or after a failed start, before the
    /// control socket, the log and the lock are released. Functions run in reverse order of registration. Errors are
    /// logged. They do not run if the service is killed. \pre start() has not been called
    void add_cleanup(std::function<void()> cleanup);

    /// Publishes a line, for people, about what the service does, if the daemon policy supports it: `systemctl status`
    /// shows it. May be called from any thread, from the first load event on.
    void announce(std::string_view text);

    /// The sockets that the service manager opened for the application (socket activation), with the names from their
    /// units, except the one for the control socket, which is named "control". The application may use and close them;
    /// child processes do not inherit them. Available from the first load event on.
    [[nodiscard]] const std::vector<os::ListenSocket>& listen_sockets() const noexcept;
    /// The descriptors of the sockets with this name (FileDescriptorName= of the socket unit).
    [[nodiscard]] std::vector<int> listen_sockets(std::string_view name) const;

    /// The log of the service. May be used from any thread.
    [[nodiscard]] Logger& log() noexcept;
    /// The settings in force. For handlers only: on another thread they may change while they are read.
    [[nodiscard]] const Settings& settings() const noexcept;
    /// The state of the service. May be called from any thread.
    [[nodiscard]] ServiceState state() const noexcept;
    /// \returns true during a reload, so that on_start() has run before it, unless the service stands by; false during
    ///          the first load of a process, also in a verb that starts nothing. For handlers.
    [[nodiscard]] bool is_reload() const noexcept;

    /// For threads of the application that must do nothing unless this instance is the active one. If the lock has a
    /// second level, it becomes true before on_start(), and false when the lock is lost, at the latest when another
    /// instance can become active. What a thread does after the call may still be too late: lock_token() helps with
    /// that. Always true if the lock has one level and cannot be lost. Cheap: it asks nobody. May be called from any
    /// thread.
    [[nodiscard]] bool is_active() const noexcept;
    /// The fencing token of this activity: a number that is greater in each later activity of any instance. Send it
    /// along with what only the active instance may change, so that the receiver can refuse an older number. Nothing if
    /// this instance is not active, or if the lock has no token. May be called from any thread.
    [[nodiscard]] std::optional<std::uint64_t> lock_token() const;

    /// Makes the load event run after the last fork, in the process that becomes the service. Use it if the load event
    /// starts threads, which fork(2) does not keep. The load event then cannot set what is needed before the fork, such
    /// as a time limit of the start. Call it before start().
    void load_in_service() noexcept;

protected:
    /// \param host the operating system for core; tests pass fakes
    ServiceBase(ServiceOptions options, EventHooks hooks, std::unique_ptr<PolicyReferences> policies,
                const os::Host& host);
    /// The operating system that the service uses. Use it for files, time and the like in the application too, so that
    /// a test with fakes covers them.
    [[nodiscard]] const os::Host& host() const noexcept;

    /// Reads the configuration: before the fork and the lock, and again on reload. It may change all settings. Parse
    /// everything into locals first and commit last: if it throws, the running configuration stays unchanged.
    virtual void on_load(Settings& settings);
    /// Starts servers, connects and warms caches, then returns. If it throws, the start fails with exit code 70. If the
    /// lock has a second level, it runs each time that this instance becomes the active one.
    virtual void on_start();
    /// Undoes what on_start() did. If the lock has a second level, it also runs at the end of each activity.
    virtual void on_stop();
    /// Called instead of on_stop() on a kill, with a time limit of one second.
    virtual void on_kill();
    /// Reloads the configuration. The default calls on_load().
    virtual void on_reload();
    /// Adds fields to the status that have to be computed. It runs on request when no other event runs, before another
    /// event if its fields are old, and before the service is ready if the service has metrics. At other times
    /// `status` shows the fields that it set last. For numbers that are at hand use metrics().
    virtual void on_status(Reply& reply);
    /// Does what Context::progress() does, for the on_*() functions, which have no Context. Call it on the handler
    /// thread.
    void report_progress(std::uint64_t done, std::uint64_t total, std::string_view text = {}) const;

    /// See Configured.
    bool declare_config(std::shared_ptr<const ConfigSchema> schema);
    /// The struct of the declared configuration; see Configured::config().
    [[nodiscard]] const void* current_config() const noexcept;

    /// Wraps every event, for auditing, timing or rate limits. Call `next` to run the event, or throw. For concurrent
    /// events it is called on threads of the pool.
    virtual Reply handle(EventRun& event, const std::function<Reply(EventRun&)>& next);

private:
    friend class ServiceCore;
    [[nodiscard]] const Waiting& waiting() const noexcept;

    std::unique_ptr<class ServiceCore> core_;
};

}  // namespace servicekit

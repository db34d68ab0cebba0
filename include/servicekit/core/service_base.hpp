#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/core/call_error.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/core/published_values.hpp"
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
enum class ServiceState { idle, loading, starting, running, reloading, stopping, stopped };

[[nodiscard]] std::string_view to_string(ServiceState state) noexcept;

class ConfigSchema;
struct PolicyReferences;

/// What a service does, whatever its policies: the part of BasicService that is no template.
///
/// Handlers, the virtual on_* among them, all run on the thread that called start(), one at a time; as pid 1 of a
/// container all but the first on_load() run on another one, the same for all (see Foreground). Handlers of events that are
/// declared concurrent run on threads of a pool.
/// The control socket and the signals are served by a thread of their own, which runs none of the user's code but the stop
/// callbacks of what it stops or cancels.
class ServiceBase {
public:
    virtual ~ServiceBase();
    ServiceBase(const ServiceBase&) = delete;
    ServiceBase& operator=(const ServiceBase&) = delete;

    /// Loads, goes to the background where that is asked for, and serves until stopped.
    /// Returns in the service only, when it has ended; the process that the user started leaves by _exit(2) with
    /// the exit code that says how the start went. Before the service has left that process, what goes wrong
    /// is printed on stderr and returned.
    /// \returns the exit code for main(). May be called once.
    int start();
    /// The same in the foreground, whatever the options say.
    int run();

    /// The events, to add to and to replace. From any thread, at any time.
    [[nodiscard]] EventTable& events() noexcept;

    /// The numbers and texts that `status` shows at once, whatever runs. See PublishedValues.
    [[nodiscard]] PublishedValues& values() noexcept;

    /// Runs an event and waits for its reply. Within a handler it runs nested, at once, 16 deep at most; within that of a
    /// concurrent event this goes for concurrent events only. From any other thread it queues.
    /// \throws CallError with what a client would get: "event-not-found", "bad-argument", "event-error", and
    ///         "not-ready" before the service is running or once it stops
    Reply trigger(std::string_view event, const Object& arguments = {});
    /// Queues an event and does not wait; its error, if any, goes to the log. \throws CallError as trigger()
    void post(std::string_view event, const Object& arguments = {});

    /// Has the handlers' thread call a function of the program's own, in its turn among the events, and does not wait;
    /// what it throws goes to the log. \param what how status and log name it; no built-in event may have it
    /// \throws CallError as trigger(), std::invalid_argument
    void post_work(std::string_view what, std::function<void()> work);

    /// Has the handlers' thread call a function of the program's own again and again, in its turn among the events: first
    /// when the time has passed from now on, or from when the service is ready. A time at which the run before is not over,
    /// or waits still, is left out. What it throws goes to the log, and the next run comes all the same. A stop ends it.
    /// From any thread, also before the start.
    /// \code
    /// every(60s, "sweep", [this] { sweep(); });
    /// \endcode
    /// \param interval positive \param name how status and log name it; no built-in event may have it
    /// \throws std::invalid_argument
    TimerHandle every(std::chrono::milliseconds interval, std::string name, std::function<void()> work);
    /// The same once. \param delay may be 0
    TimerHandle after(std::chrono::milliseconds delay, std::string name, std::function<void()> work);

    /// Requested when the service begins to stop: for the program's own threads. From any thread. For callbacks on it see
    /// Context::stop_token().
    [[nodiscard]] std::stop_token stop_token() const noexcept;
    /// Waits, and returns early when the service stops. Within a handler it is Context::wait_for() of the innermost event
    /// that runs. From any thread. On mocks::FakeOs the time is virtual for handlers and for threads of its host().
    /// \returns whether the whole time passed
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> time) const {
        return wait_until(end_of_wait(waiting().now(), time));
    }
    /// The same until a point in time. \returns whether it came
    bool wait_until(Waiting::Time time) const;

    /// As the event `stop`: returns at once. In the load event of a start it ends the start, with exit code 75.
    void request_stop();

    /// Adds a function that the handlers' thread calls once the stop event is over or the start has failed, before the
    /// control socket, the log and the lock are released. The last one added is called first. An exception goes to the
    /// log. A service that is killed calls none. \pre start() has not been called
    void add_cleanup(std::function<void()> cleanup);

    /// A line for people about what the service does, where the daemon policy has a place for it: `systemctl status`.
    /// From any thread, from the load on.
    void announce(std::string_view text);

    /// The sockets that the service manager opened for the program (socket activation), with the names that their
    /// units give them; without the control socket, which is called "control". They are the program's, to use and to
    /// close; children that it starts do not get them. From the first load event on.
    [[nodiscard]] const std::vector<os::ListenSocket>& listen_sockets() const noexcept;
    /// The descriptors of those of one name: of one unit.
    [[nodiscard]] std::vector<int> listen_sockets(std::string_view name) const;

    [[nodiscard]] Logger& log() noexcept;
    /// The settings in force. To be read by handlers; another thread may see them change.
    [[nodiscard]] const Settings& settings() const noexcept;
    [[nodiscard]] ServiceState state() const noexcept;
    /// Whether the load that runs is a reload, so that on_start() ran before it. False during the first load of a
    /// process, also of a verb that starts nothing. For handlers.
    [[nodiscard]] bool is_reload() const noexcept;

    /// Has the load event run in the process that becomes the service, after the last fork: for a load event that starts
    /// threads, which no fork keeps. What is to be known before, such as a time limit of the start, can't be set by it
    /// then. Before the start.
    void load_in_service() noexcept;

protected:
    /// \param host what core asks of the operating system; tests put fakes in
    ServiceBase(ServiceOptions options, EventHooks hooks, std::unique_ptr<PolicyReferences> policies,
                const os::Host& host);
    /// What the service asks of the operating system, for what a program does with files, time and the like itself:
    /// a test that puts fakes in has the program use them, too.
    [[nodiscard]] const os::Host& host() const noexcept;

    /// Reads the configuration, before the fork and before the lock, and again on reload. May set everything.
    /// Parse into locals and commit last: what it throws leaves the running configuration as it was.
    virtual void on_load(Settings& settings);
    /// Starts servers, connects, warms caches; then returns. What it throws ends the start with exit code 70.
    virtual void on_start();
    /// Undoes what on_start() did.
    virtual void on_stop();
    /// As on_stop(), with a second at most.
    virtual void on_kill();
    /// By default on_load().
    virtual void on_reload();
    /// Adds fields to the status that have to be computed. It runs when somebody asks, when no other event runs; before
    /// another event if its fields are old; and before the service is ready if the service publishes values. What it set
    /// last is shown meanwhile. Numbers that are at hand are better published: see values().
    virtual void on_status(Reply& reply);
    /// Context::progress(), for the on_*() functions, which have no Context. From the handlers' thread.
    void report_progress(std::uint64_t done, std::uint64_t total, std::string_view text = {}) const;

    /// See Configured.
    bool declare_config(std::shared_ptr<const ConfigSchema> schema);
    [[nodiscard]] const void* current_config() const noexcept;

    /// Surrounds every event, for auditing, timing, rate limits: call `next` to run it, or throw. Around concurrent events
    /// it is called on threads of the pool.
    virtual Reply handle(EventRun& event, const std::function<Reply(EventRun&)>& next);

private:
    friend class ServiceCore;
    [[nodiscard]] const Waiting& waiting() const noexcept;

    std::unique_ptr<class ServiceCore> core_;
};

}  // namespace servicekit

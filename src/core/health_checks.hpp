#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "servicekit/core/health.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/core/waiting.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/threads.hpp"

namespace servicekit {

/// Runs the health checks, each run on a thread of its own, and keeps their results. The loop's thread begins the runs
/// and logs the results. A thread that hangs shares this object, so it may outlive the service. Thread-safe unless
/// stated otherwise.
class HealthChecks : public std::enable_shared_from_this<HealthChecks> {
public:
    static constexpr std::size_t most_threads = 4;
    static constexpr std::size_t most_checks = 100;
    /// Bytes of a reason, with everything escaped.
    static constexpr std::size_t longest_reason = 200;
    /// How long a stop waits at most for checks that are not overdue.
    static constexpr std::chrono::milliseconds patience{1000};

    /// \param stop the token of the service
    HealthChecks(const os::Host& host, std::shared_ptr<const Waiting> waiting, std::stop_token stop, Logger& log);
    ~HealthChecks();
    HealthChecks(const HealthChecks&) = delete;
    HealthChecks& operator=(const HealthChecks&) = delete;

    /// Adds a check, as Health::add() does.
    void add(std::string name, HealthCheck function, HealthCheckOptions options);
    [[nodiscard]] std::vector<HealthResult> results() const;
    /// Returns false if no check was ever added. Takes no lock.
    [[nodiscard]] bool were_used() const noexcept { return were_used_.load(std::memory_order_acquire); }

    /// \pre the loop does not run yet
    void arm(os::EventLoop& loop);
    /// Begins the first runs.
    void begin();
    /// Notes that an activity begins: checks that are added from now on end with it. \param stop its token
    void begin_activity(std::stop_token stop);
    /// Does what stop() does, removes the checks of the activity, and forgets the results of all others: a service that
    /// stands by has none.
    void end_activity(std::chrono::milliseconds at_most);
    /// Begins no further run, and waits for those that run and are not overdue. Logs which checks still run then.
    /// \pre a stop was requested
    void stop(std::chrono::milliseconds at_most);
    /// Returns true if a check runs, even one that was removed.
    [[nodiscard]] bool are_running() const noexcept;
    /// Returns the checks that run, in words: "'database' and 'disk'"; empty if none runs.
    [[nodiscard]] std::string running() const;
    /// Returns true if no thread of a check is left. Does not wait for checks that run, but waits for threads that only
    /// have to end. \pre stop(), and the loop has ended
    [[nodiscard]] bool have_ended(std::chrono::milliseconds at_most = patience);
    /// Destroys the loop's timer. \pre the loop has ended
    void disarm();

private:
    using Time = std::chrono::steady_clock::time_point;
    using Outcome = HealthResult::Outcome;
    struct Check;
    struct Run;
    struct Work;
    /// Asks the checks that run to end, because the service stops.
    struct EndRuns {
        HealthChecks* checks;
        void operator()() const noexcept { checks->request_end(); }
    };

    // For the loop's thread.
    /// Notes which runs are overdue, begins those that are due, and sets the timer for what is next.
    void look();
    void look_now();

    // The caller holds the lock.
    /// Calls look() on the loop's thread. \pre the loop is set
    void post_look();
    /// Calls look() on the loop's thread if the loop is set and there is memory.
    void post_look_if_possible();
    void note_overdue(Time now);
    /// Asks the runs that are overdue to end, each on another thread.
    void ask_overdue();
    void begin_due(Time now);
    void begin(Check& check, std::shared_ptr<Run>& slot, Time now);
    /// Lets the checks fail that are due if no thread can become free, or if they have waited for one for too long.
    void note_starved(Time now);
    void set_timer(Time now);
    void note_news(Work& work);
    void set(Check& check, Outcome outcome, std::string reason, Time now) const;
    void time_out(Run& run, Time now) const;
    [[nodiscard]] Check* next_due(Time now) const;
    /// Does the same as running().
    [[nodiscard]] std::string names_of_runs() const;
    [[nodiscard]] std::chrono::milliseconds time_left(Time until) const;

    /// The thread of a run.
    void work(Run& run);
    void end(Run& run, Outcome outcome, std::string reason);
    /// The thread that asks a run to end.
    void ask(Run& run);
    void request_end() noexcept;

    const os::Clock& clock_;
    os::Threads& threads_;
    os::CrashReporter& crashes_;
    std::shared_ptr<const Waiting> waiting_;
    std::stop_token stop_;              ///< changed with the mutex held
    Logger& log_;                       ///< not for the threads of the runs
    std::unique_ptr<os::Timer> timer_;  ///< for the loop's thread
    mutable std::mutex mutex_;
    // Guarded by the mutex.
    os::EventLoop* armed_ = nullptr;  ///< null before arm() and after disarm()
    os::EventLoop* loop_ = nullptr;   ///< null before arm() and after stop()
    bool has_begun_ = false;
    bool is_in_activity_ = false;
    std::vector<std::unique_ptr<Check>> checks_;
    std::atomic<bool> were_used_{false};
    std::vector<std::unique_ptr<Check>> removed_;  ///< those that still run
    std::array<std::shared_ptr<Run>, most_threads> runs_;
    std::optional<std::stop_callback<EndRuns>> at_stop_;  ///< last, because its call uses the other members
};

}  // namespace servicekit

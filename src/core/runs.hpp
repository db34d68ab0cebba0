#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/queued_event.hpp"

namespace servicekit {

/// The requested events that have begun: on the event thread, on the pool, and those that are answered later.
/// Thread-safe.
class Runs {
public:
    using Run = std::shared_ptr<QueuedEvent>;

    /// \param on_over called at the end of each run that a stop may wait for
    explicit Runs(std::function<void()> on_over) : on_over_{std::move(on_over)} {}

    /// Largest number of runs at a time. Runs that are answered later have no thread that would limit them.
    static constexpr std::size_t limit = 1024;

    /// \pre leave() and then over() will be called for the run
    void begin(Run run);
    /// Returns true if more than `limit` events run, including the caller's.
    [[nodiscard]] bool are_full() const noexcept { return size() > limit; }
    /// Removes a run that will be answered. A client that reads the answer does not find the run here.
    void leave(const QueuedEvent& run);
    /// Notes that a run was answered and is no longer worked on.
    void over();

    /// Returns the runs, the oldest first.
    [[nodiscard]] std::vector<Run> all() const;
    /// Takes no lock.
    [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
    /// \returns null if no run has the id
    [[nodiscard]] Run find(std::uint64_t id) const;
    /// Returns true if nothing runs and all runs are answered.
    [[nodiscard]] bool are_over() const;
    /// Returns the names of a few runs: "'upload', 'scan'"; empty if nothing runs.
    [[nodiscard]] std::string names() const;

    /// Asks all runs to end, including those that begin before renew_token(). Calls their stop callbacks. Allocates no
    /// memory.
    void request_stop() noexcept;
    /// Gives later runs, and the service, a token of which no stop is requested. \pre are_over()
    void renew_token();
    /// Asks one run to end. \param by who cancels it, in words
    static void cancel(QueuedEvent& run, const std::string& by);
    /// Requests a stop that is not that of a run here. Its callbacks count as stop callbacks, too.
    static void request_stop(std::stop_source& source) noexcept;
    /// Returns true in a stop callback. The thread that serves the control socket waits for that callback.
    [[nodiscard]] static bool is_in_stop_callback() noexcept;
    /// Returns the token of the service itself. request_stop() triggers it.
    [[nodiscard]] std::stop_token stop_token() const noexcept {
        const std::lock_guard guard{mutex_};
        return stop_.get_token();
    }

private:
    std::function<void()> on_over_;
    std::stop_source stop_;
    mutable std::mutex mutex_;
    std::vector<Run> running_;
    std::atomic<std::size_t> size_{0};  ///< of `running_`
    std::size_t open_ = 0;              ///< runs that are not over
};

}  // namespace servicekit

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/os/clock.hpp"
#include "servicekit/policy/daemon_policy.hpp"

namespace servicekit {

/// Tells the daemon policy how the service is: one call at a time, whichever thread it comes from, in an order that
/// makes sense to whoever listens, and with a status line for each step. Thread-safe.
class Announcements {
public:
    /// \param extend has a start or a stop that makes progress go on. It returns how long the step may take from now on;
    ///        0 if the progress is not that of the step.
    Announcements(const os::Clock& clock, std::function<std::chrono::milliseconds()> extend)
        : clock_{&clock}, extend_{std::move(extend)} {}

    /// The service is where it runs. Before, nothing is told. \pre there is one thread
    void begin(DaemonPolicy& daemon);
    /// The start is over. A stop that has begun in the very moment takes nothing from that.
    void ready();
    void reloading();
    /// The reload that reloading() told of is over. \param fault why nothing has changed; empty where all is well
    void reloaded(const std::string& fault);
    void stopping(const std::string& why);
    void failed(const Error& error);
    /// The event that runs makes progress. That of a start, reload or stop is announced, once a second at most. Otherwise
    /// the call costs next to nothing.
    void progress(std::uint64_t done, std::uint64_t total, std::string_view text);
    /// The program's own status line; it stands whenever no other step of the life has a line of its own.
    void say(std::string_view text);
    void alive();

private:
    enum class Phase { unborn, starting, running, reloading, stopping };
    [[nodiscard]] std::string_view usual_line() const;

    const os::Clock* clock_;
    std::function<std::chrono::milliseconds()> extend_;
    DaemonPolicy* daemon_ = nullptr;
    std::atomic<Phase> phase_{Phase::unborn};  ///< changed with the mutex held
    std::atomic<std::chrono::steady_clock::time_point> next_progress_{std::chrono::steady_clock::time_point::min()};
    std::mutex mutex_;
    std::string own_line_;
};

}  // namespace servicekit

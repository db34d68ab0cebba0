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

/// Reports the state of the service to the daemon policy. The calls are made one at a time, from any thread, in a
/// consistent order, with a status line for each step. Thread-safe.
class Announcements {
public:
    /// \param extend extends the time limit of a start or stop that makes progress. It returns how long the step may
    ///        still take; 0 if the progress does not belong to such a step.
    Announcements(const os::Clock& clock, std::function<std::chrono::milliseconds()> extend)
        : clock_{&clock}, extend_{std::move(extend)} {}

    /// Begins to report, after the daemon policy was entered. Nothing is reported before. \pre there is one thread
    void begin(DaemonPolicy& daemon);
    /// Reports that the start is over, even if a stop has just begun.
    void ready();
    void reloading();
    /// Reports the end of the reload that reloading() began. \param fault why nothing has changed; empty on success
    void reloaded(const std::string& fault);
    void stopping(const std::string& why);
    /// Reports that the service waits for the second level of its lock. \param line what it waits for, in words
    void standing_by(const std::string& line);
    /// Changes that line while the service stands by.
    void still_standing_by(const std::string& line);
    /// Reports that the service becomes active, and begins its start event.
    void activating();
    /// Reports that this start event is over.
    void active();
    /// Reports that the activity ends, but not that the service stops.
    void ending_activity(const std::string& why);
    /// Notes that a start that waits goes on, so that a supervisor gives it more time. Does nothing after ready().
    void extend_start(std::chrono::milliseconds time);
    void failed(const Error& error);
    /// Notes progress of the running event. Announces it at most once a second, and only during a start, reload or
    /// stop. Otherwise the call is almost free.
    void progress(std::uint64_t done, std::uint64_t total, std::string_view text);
    /// Sets the program's own status line. It is shown while no step of the life has its own line.
    void say(std::string_view text);
    void alive();

private:
    enum class Phase { unborn, starting, standby, running, reloading, ending_activity, stopping };
    [[nodiscard]] std::string_view usual_line() const;
    /// Shows the line of the phase. \pre the mutex is held
    void enter(Phase phase, const std::string& line);

    const os::Clock* clock_;
    std::function<std::chrono::milliseconds()> extend_;
    DaemonPolicy* daemon_ = nullptr;
    std::atomic<Phase> phase_{Phase::unborn};  ///< changed with the mutex held
    std::atomic<std::chrono::steady_clock::time_point> next_progress_{std::chrono::steady_clock::time_point::min()};
    std::mutex mutex_;
    Phase before_reload_ = Phase::running;
    bool is_ready_ = false;
    std::string own_line_;
    std::string standby_line_;
};

}  // namespace servicekit

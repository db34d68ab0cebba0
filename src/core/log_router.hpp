#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/core/logger.hpp"
#include "servicekit/os/boost_log.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/standard_streams.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

/// Passes all lines of a service to the log. It has the loggers, decides which lines pass, and keeps up to 1,000 lines
/// until the log is open. Thread-safe.
class LogRouter {
public:
    LogRouter(const os::Clock& clock, const os::Process& process, os::StandardStreams& streams,
              os::BoostLog& boost_log);
    LogRouter(const LogRouter&) = delete;
    LogRouter& operator=(const LogRouter&) = delete;
    ~LogRouter();

    [[nodiscard]] Logger& whole() noexcept { return whole_; }
    [[nodiscard]] Logger& channel(std::string_view name);
    /// Sets the level of all channels without their own level. Before the first call all lines pass, and the kept lines
    /// are checked again when the log is opened.
    void set_level(LogLevel level);
    /// \param level nothing: that of the whole log again
    /// \returns false if there are too many channels: since any client may name them, only most_foreign_channels that
    ///          the program has not named are remembered
    [[nodiscard]] bool set_channel_level(std::string_view name, std::optional<LogLevel> level);
    static constexpr std::size_t most_foreign_channels = 256;
    /// Returns the level of a channel. A channel that was never named has the level of the whole log.
    [[nodiscard]] LogLevel level_of(std::string_view channel) const;
    /// Returns the channels that have their own level, sorted by name.
    [[nodiscard]] std::vector<std::pair<std::string, LogLevel>> channel_levels() const;
    /// Returns the lowest level that any channel lets through.
    [[nodiscard]] LogLevel lowest_level() const;

    /// Sends lines to `log` after this call, beginning with those that were kept.
    /// \param name the name by which a child of fork(2) identifies its parent
    void open(LogPolicy& log, std::string name);
    /// Drops lines after this call. A line that is being written at the same time still reaches the policy, which drops
    /// lines after its own close().
    void close();

    /// Sets the loop whose thread serves the control socket. \pre the loop does not run yet, nor an earlier one
    void set_control_loop(const os::EventLoop* loop) noexcept { control_loop_.store(loop, std::memory_order_release); }
    [[nodiscard]] bool is_control_thread() const noexcept {
        const os::EventLoop* const loop = control_loop_.load(std::memory_order_acquire);
        return loop != nullptr && loop->is_this_thread();
    }

    /// Writes a line whose level was checked already.
    void put(const LogRecord& record) noexcept;
    /// Sets if lines are also shown to the program's own sinks in Boost.Log's core.
    void show_to_boost_log(bool shows) noexcept { shows_to_boost_log_.store(shows, std::memory_order_relaxed); }
    [[nodiscard]] const os::Clock& clock() const noexcept { return *clock_; }
    /// Returns how many lines of this level the program has logged.
    [[nodiscard]] std::uint64_t lines(LogLevel level) const noexcept {
        return lines_.at(static_cast<std::size_t>(level)).load(std::memory_order_relaxed);
    }

    /// Returns how many lines were lost before the log was open.
    [[nodiscard]] std::uint64_t lost_early() const noexcept { return lost_early_.load(std::memory_order_relaxed); }
    /// Counts printed lines that the log did not take in time.
    void count_lost_prints(std::uint64_t lines) noexcept { lost_prints_.fetch_add(lines, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t lost_prints() const noexcept { return lost_prints_.load(std::memory_order_relaxed); }

private:
    struct KeptLine;
    struct Channel;

    [[nodiscard]] bool shows(LogLevel level, std::string_view channel) const;
    /// Locks the mutex. In a child of fork(2) it only tries to, as the mutex may be held for ever there.
    [[nodiscard]] std::unique_lock<std::mutex> enter() const;
    /// \pre the mutex is held
    Channel& add_channel(std::string_view name);
    void deliver(const LogRecord& record);
    void count(LogLevel level) noexcept {
        lines_[static_cast<std::size_t>(level)].fetch_add(1, std::memory_order_relaxed);
    }
    /// Returns false in a child of fork(2).
    [[nodiscard]] bool is_own_process() const noexcept;
    void keep_or_put(const LogRecord& record);
    void put_from_child(const LogRecord& record);

    const os::Clock* clock_;
    const os::Process* process_;
    os::StandardStreams* streams_;
    os::BoostLog* boost_log_;
    std::unique_ptr<os::BoostLog::Subscription> subscription_;
    std::atomic<bool> shows_to_boost_log_{false};
    std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(LogLevel::fatal) + 1> lines_{};
    std::atomic<std::uint64_t> lost_early_{0};
    std::atomic<std::uint64_t> lost_prints_{0};
    Logger whole_;
    std::atomic<LogPolicy*> log_{nullptr};
    std::atomic<const os::EventLoop*> control_loop_{nullptr};
    std::atomic<unsigned> generation_;  ///< of the process that owns the log
    std::string name_;                  ///< set before the log is open

    mutable std::mutex mutex_;  // guards the members below
    std::map<std::string, std::unique_ptr<Channel>, std::less<>> channels_;
    std::size_t foreign_channels_ = 0;  ///< channels that the program has not named
    std::vector<KeptLine> kept_;
    bool closed_ = false;
};

}  // namespace servicekit

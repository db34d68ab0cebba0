#pragma once

#include <atomic>
#include <cstddef>
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
#include "servicekit/os/process.hpp"
#include "servicekit/os/standard_streams.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

/// Where all lines of a service come together on their way to the log: it has the loggers, says who is let through, and
/// keeps what comes before the log is open, at most 1,000 lines. Thread-safe.
class LogRouter {
public:
    LogRouter(const os::Clock& clock, const os::Process& process, os::StandardStreams& streams,
              os::BoostLog& boost_log);
    LogRouter(const LogRouter&) = delete;
    LogRouter& operator=(const LogRouter&) = delete;
    ~LogRouter();

    [[nodiscard]] Logger& whole() noexcept { return whole_; }
    [[nodiscard]] Logger& channel(std::string_view name);
    /// For all channels that have no level of their own. Until then all is let in: what is kept until the log is open is
    /// looked at again then.
    void set_level(LogLevel level);
    /// \param level nothing: that of the whole again
    /// \returns false where it can't be had: of channels that the program has not named so far, no more than
    ///          most_foreign_channels are remembered, whoever may ask for them.
    [[nodiscard]] bool set_channel_level(std::string_view name, std::optional<LogLevel> level);
    static constexpr std::size_t most_foreign_channels = 256;
    /// Of a channel that nobody has named, too: that of the whole.
    [[nodiscard]] LogLevel level_of(std::string_view channel) const;
    /// The channels that have a level of their own, by name.
    [[nodiscard]] std::vector<std::pair<std::string, LogLevel>> channel_levels() const;
    /// The least level that anybody lets through.
    [[nodiscard]] LogLevel lowest_level() const;

    /// From here on lines go to `log`, those that were kept first.
    /// \param name who a child of fork(2) says that it is a child of
    void open(LogPolicy& log, std::string name);
    /// From here on lines are dropped. One that is being written meanwhile still reaches the policy, which drops what
    /// comes after its own close.
    void close();

    /// A line whose level was looked at already.
    void put(const LogRecord& record) noexcept;
    /// Has lines shown to the program's own sinks in Boost.Log's core, too.
    void show_to_boost_log(bool shows) noexcept { shows_to_boost_log_.store(shows, std::memory_order_relaxed); }
    [[nodiscard]] const os::Clock& clock() const noexcept { return *clock_; }

private:
    struct KeptLine;
    struct Channel;

    [[nodiscard]] bool shows(LogLevel level, std::string_view channel) const;
    /// Has the mutex; not in a child of fork(2) in which nobody will ever let go of it.
    [[nodiscard]] std::unique_lock<std::mutex> enter() const;
    /// \pre the mutex is held
    Channel& add_channel(std::string_view name);
    void deliver(const LogRecord& record);
    /// Whether it is no child of fork(2).
    [[nodiscard]] bool is_own_process() const noexcept;
    void keep_or_put(const LogRecord& record);
    void put_from_child(const LogRecord& record);

    const os::Clock* clock_;
    const os::Process* process_;
    os::StandardStreams* streams_;
    os::BoostLog* boost_log_;
    std::unique_ptr<os::BoostLog::Subscription> subscription_;
    std::atomic<bool> shows_to_boost_log_{false};
    Logger whole_;
    std::atomic<LogPolicy*> log_{nullptr};
    std::atomic<unsigned> generation_;  ///< of the process that the log belongs to
    std::string name_;                  ///< set before the log is open

    mutable std::mutex mutex_;  // guards what follows
    std::map<std::string, std::unique_ptr<Channel>, std::less<>> channels_;
    std::size_t foreign_channels_ = 0;  ///< those of them that the program has not named
    std::vector<KeptLine> kept_;
    std::size_t dropped_ = 0;
    bool closed_ = false;
};

}  // namespace servicekit

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/log_record.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/policy.hpp"

namespace servicekit::os {
class EventLoop;
}  // namespace servicekit::os

namespace servicekit {

/// What a log does with stdout and stderr.
enum class StreamUse {
    captured,  ///< the log gets what is printed there, as records with a field `stream`
    own,       ///< the log writes to them itself, so they stay unchanged
    none,      ///< the log does not keep what is printed there
};

/// What a log has counted since open(), for the metrics.
struct LogCounts {
    std::uint64_t lost_slow = 0;       ///< lines that were lost because the destination did not take them in time
    std::uint64_t lost_error = 0;      ///< lines that were lost because the destination refused them
    std::uint64_t lost_no_memory = 0;  ///< lines that were lost because there was no memory for them
    /// Rotations of a file that were done, and those that failed. Nothing if the log rotates no file.
    struct Rotations {
        std::uint64_t done = 0;    ///< the file was rotated
        std::uint64_t failed = 0;  ///< the file stayed as it was
    };
    std::optional<Rotations> rotations = {};  ///< by the log itself, not by other programs
};

/// Writes the log.
///
/// A log policy derives from this class and overrides open(), write() and close(), and the other functions as needed.
/// Order of calls: configure(), open(), change_owner() if the user changes, start(); at the end stop(), close().
/// write() and flush() may be called from any thread, several at a time, and write_at_crash() from a signal handler.
/// The other functions are never called two at a time.
class LogPolicy : public Policy {
public:
    /// The log settings in force after configure(): those of the deployment, and the log's own defaults for the rest.
    /// Members that this log does not use are empty.
    [[nodiscard]] virtual LogPlan plan() const { return {}; }
    /// The paths of the files that open() opens.
    [[nodiscard]] virtual std::vector<std::string> files() const { return {}; }
    /// \returns true if lines are lost although nobody asked for that. A start then prints a warning.
    [[nodiscard]] virtual bool drops_lines() const { return false; }
    /// What it has counted; nothing if it does not count. Waits for no other thread. May be called from any thread.
    [[nodiscard]] virtual std::optional<LogCounts> counts() const { return std::nullopt; }
    /// Opens the log. Until start(), lines are written in the calling thread, because there is no other thread yet.
    virtual Result<void> open() = 0;
    /// \returns true if the log needs start(). A log that does all its work in write() never costs a thread.
    [[nodiscard]] virtual bool works_in_background() const { return false; }
    /// Called when threads are allowed. `loop` belongs to the log, for timers, descriptors and slow work. It is about
    /// to run; its thread runs while the log needs it (os::EventLoop::start_on_demand()).
    virtual Result<void> start(os::EventLoop& /*loop*/) { return {}; }
    /// Called when the loop has ended. Drops all timers and watches of the loop. Called before close(), unless the
    /// service is killed.
    virtual void stop() noexcept {}
    /// Writes a record. Does not throw or end the process. Lines that cannot be written are counted and reported later.
    virtual void write(const LogRecord& record) noexcept = 0;
    /// Makes all accepted lines visible to readers, as far as possible within `at_most`. Called between start() and
    /// stop(), from any thread, several at a time, also while write() or reopen() runs.
    virtual void flush(std::chrono::milliseconds /*at_most*/) {}
    /// Reopens its file after it was renamed. On an error it keeps the old file.
    virtual Result<void> reopen() { return {}; }
    /// Sets the lowest level that is written. Records at or above it may come from some channels only.
    virtual void set_level(LogLevel /*level*/) {}
    /// What the log does with stdout and stderr.
    [[nodiscard]] virtual StreamUse stream_use() const { return StreamUse::captured; }
    /// Gives its files to the user that the process is about to become.
    virtual Result<void> change_owner(uid_t /*uid*/, gid_t /*gid*/) { return {}; }
    /// Called when the process is about to die of a fatal signal. Writes the buffered lines to the kernel, then
    /// `records`, which may be empty. May be called several times. Async-signal-safe; may be called while any other
    /// member runs.
    virtual void write_at_crash(std::span<const LogRecord> /*records*/) noexcept {}
    /// Closes the log. When it returns, all accepted lines are in the kernel, unless `at_most` has expired.
    virtual void close(std::chrono::milliseconds at_most) noexcept = 0;
};

}  // namespace servicekit

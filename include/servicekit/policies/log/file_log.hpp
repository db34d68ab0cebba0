#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

/// Log policy that writes lines to a file, as `2026-11-22T06:10:00.123456Z info just-another-server[4711]: message
/// key=value`, or as JSON. The time is UTC, control characters are escaped, and one record is one line. Without a file,
/// lines go to stderr in the foreground and are dropped in the background.
///
/// When write() returns, a warning or worse is in the kernel, together with all lines before it, and so are the first 16
/// of the other lines within `delay`, except those of the thread that serves the control socket. Further lines follow at most `delay` later, or when 64 KiB are buffered, which
/// makes the log as fast as memory. With a `delay` of 0, each line is in the kernel when write() returns. Lines in the
/// kernel outlive the process, even after kill -9.
///
/// A full disk, or any other error of the file, does not block the service. Lines stay in the buffer, and once it is
/// full, further lines are dropped and counted. When the file can be written again, a line reports how many were lost
/// and why. If the disk hangs, the thread that is writing to it blocks. Other threads wait at most one second per line,
/// and lines that do not fit into the buffer are dropped and counted.
///
/// The file is rotated when it is large or old enough, as `x.log-20261122T061000.123456Z`. A thread, which exists only
/// while there is work, compresses and removes old files. Instead, another program such as logrotate may rotate the
/// file and then ask the service to reopen its log.
/// May be moved only before open().
class FileLog final : public LogPolicy {
public:
    /// The settings (`log-mode`, `log-rotate-size`...) override these options.
    struct Options {
        mode_t permissions = 0640;  ///< of new files, whatever the umask
        /// Change it to json for programs that collect logs.
        LineFormat format = LineFormat::text;
        /// How long a line below a warning may stay in the buffer. Set 0 to see each line in the file at once, at the
        /// cost of speed.
        std::chrono::milliseconds delay{200};
        std::uint64_t rotate_size = 0;         ///< in bytes; 0 disables rotation by size
        std::chrono::seconds rotate_every{0};  ///< period, counted from midnight UTC; 0 disables rotation by time
        std::uint64_t keep_files = 0;          ///< number of rotated files to keep; 0 keeps all
        std::uint64_t keep_bytes = 0;          ///< total bytes of rotated files to keep; 0 keeps all
        bool compress = false;                 ///< compress rotated files with gzip
        bool copies_to_terminal = true;        ///< in the foreground, if stderr is a terminal
    };

    FileLog();
    /// \param host the operating system; tests pass fakes
    explicit FileLog(Options options, const os::Host& host = os::posix_host());
    FileLog(FileLog&& other) noexcept;
    FileLog& operator=(FileLog&& other) noexcept;
    ~FileLog() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] LogPlan plan() const override;
    [[nodiscard]] std::vector<std::string> files() const override;
    /// \returns true in the background without a file.
    [[nodiscard]] bool drops_lines() const noexcept override;
    /// Nothing in the background without a file, where all lines are dropped.
    [[nodiscard]] std::optional<LogCounts> counts() const override;
    /// Opens the file. Its directory must exist.
    Result<void> open() override;
    [[nodiscard]] bool works_in_background() const noexcept override { return true; }
    /// Begins to buffer lines; before, they are written at once.
    Result<void> start(os::EventLoop& loop) override;
    void stop() noexcept override;
    /// Writes a record. Records before open() and after close() are dropped.
    void write(const LogRecord& record) noexcept override;
    void flush(std::chrono::milliseconds at_most) override;
    /// Reopens the file; does nothing without one.
    Result<void> reopen() override;
    void set_level(LogLevel level) noexcept override;
    /// \returns `captured` if there is a file; otherwise `none` in the background and `own` in the foreground.
    [[nodiscard]] StreamUse stream_use() const noexcept override;
    Result<void> change_owner(uid_t uid, gid_t gid) override;
    void write_at_crash(std::span<const LogRecord> records) noexcept override;
    /// Writes the rest and closes the file. It gives up on a line that hangs in the kernel longer than `at_most`, and
    /// on work on rotated files that hangs for 250 ms.
    void close(std::chrono::milliseconds at_most) noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit

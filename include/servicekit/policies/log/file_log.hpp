#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

/// Log policy that writes lines into a file, as
/// `2026-11-22T06:10:00.123456Z info just-another-server[4711]: message key=value`, or as JSON. The time is UTC, control
/// characters are escaped, one record is one line. Where no file is named, lines go to stderr in the foreground, and in
/// the background nowhere: a daemon without a log file keeps no log.
///
/// A warning or worse is in the kernel when write() returns, and so is all that came before it; other lines follow
/// `delay` later at most, or when 64 KiB have come together. What is in the kernel outlives the process, kill -9
/// included. The log is as fast as memory then; with a `delay` of 0 each line is in the kernel when write() returns.
///
/// A disk that is full, or any other error of the file, stops nobody: what fits into the buffer waits, further lines are
/// counted, and once there is room, a line says how many were lost and why. A disk that hangs costs a line a second at
/// most, and then itself.
///
/// The file is rotated when it is large or old enough, as `x.log-20261122T061000.123456Z`, and old ones are compressed
/// and removed, by a thread that is there while there is something to do; or somebody else does it, as logrotate, and has
/// the log reopened.
/// May be moved before open(), and not later.
class FileLog final : public LogPolicy {
public:
    /// What the settings say (`log-mode`, `log-rotate-size`...) goes before what stands here.
    struct Options {
        mode_t permissions = 0640;  ///< of new files, whatever the umask
        LineFormat format = LineFormat::text;
        std::chrono::milliseconds delay{200};  ///< how long a line below a warning may wait
        std::uint64_t rotate_size = 0;         ///< in bytes; 0: never for its size
        std::chrono::seconds rotate_every{0};  ///< counted from midnight UTC; 0: never for its age
        std::uint64_t keep_files = 0;          ///< rotated files; 0: all
        std::uint64_t keep_bytes = 0;          ///< of rotated files; 0: all
        bool compress = false;                 ///< rotated files, with gzip
        bool copies_to_terminal = true;        ///< in the foreground, where stderr is one
    };

    FileLog();
    explicit FileLog(Options options, const os::Host& host = os::posix_host());
    FileLog(FileLog&& other) noexcept;
    FileLog& operator=(FileLog&& other) noexcept;
    ~FileLog() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] LogPlan plan() const override;
    [[nodiscard]] std::vector<std::string> files() const override;
    /// True in the background without a file.
    [[nodiscard]] bool drops_lines() const noexcept override;
    /// Its directory must be there.
    Result<void> open() override;
    [[nodiscard]] bool works_in_background() const noexcept override { return true; }
    /// Until here, lines are written at once.
    Result<void> start(os::EventLoop& loop) override;
    void stop() noexcept override;
    /// Lines before open() and after close() are dropped.
    void write(const LogRecord& record) noexcept override;
    void flush(std::chrono::milliseconds at_most) override;
    /// Does nothing without a file.
    Result<void> reopen() override;
    void set_level(LogLevel level) noexcept override;
    /// Into the file. Where there is none, nowhere in the background; in the foreground they stay what they are.
    [[nodiscard]] StreamUse stream_use() const noexcept override;
    Result<void> change_owner(uid_t uid, gid_t gid) override;
    void write_at_crash(std::span<const LogRecord> records) noexcept override;
    /// A line that hangs in the kernel longer than `at_most` is left behind, and so are rotated files that do so for 250 ms.
    void close(std::chrono::milliseconds at_most) noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit

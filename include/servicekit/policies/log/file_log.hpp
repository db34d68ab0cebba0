#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/contract/deployment.hpp"
#include "servicekit/contract/log.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit {

/// Log policy that writes lines into a file, as
/// `2026-11-22T06:10:00.123456Z info just-another-server[4711]: message`: the time is UTC, control characters of the
/// message are escaped, one record is one line and in the kernel when write() returns. Where no file is named, lines
/// go to stderr in the foreground, and in the background to /dev/null: a daemon without a log file keeps no log.
///
/// A disk that is full, or any other error of the file, stops nobody: lines are counted, and once one can be written
/// again, the line before it says how many were lost and why.
///
/// Lines take their way through Boost.Log, as a sink: what the program itself logs with the macros of Boost.Log lands
/// in the same file (its level is an attribute `Severity` of boost::log::trivial::severity_level or of int, on the
/// same scale; info without one), and sinks of the program's own see the lines of the service, with `Severity` and
/// `Message`. Boost.Log's core is one for the process: with two services in it, either log gets its own service's
/// lines and those of the program's macros. A filter that the program sets on the core holds for the service too.
///
/// After fork(2) a child must not log before it calls exec(3): another thread may hold a lock in Boost.Log, for good
/// in the child.
/// May be moved before open(), and not later.
class FileLog {
public:
    struct Options {
        std::string path = {};      ///< absolute; empty: the deployment's log file
        mode_t permissions = 0640;  ///< of a new file, whatever the umask
    };

    FileLog();
    explicit FileLog(Options options, os::Files& files = os::posix_files(),
                     os::StandardStreams& streams = os::posix_standard_streams(),
                     const os::Clock& clock = os::posix_clock(), const os::Process& process = os::posix_process());
    FileLog(FileLog&& other) noexcept;
    FileLog& operator=(FileLog&& other) noexcept;
    ~FileLog();

    void configure(const contract::Deployment& deployment);
    /// Its folder must be there. Adds the sink to Boost.Log's core.
    /// \pre the last fork is over
    Result<void> open();
    /// Lines before open() and after close() are dropped.
    void write(const contract::LogRecord& record) noexcept;
    /// Leads stdout and stderr into the new file, too, where they went into the old one. Does nothing without a file.
    Result<void> reopen();
    void set_level(LogLevel level) noexcept;
    /// Into the file. Where there is none, to /dev/null in the background; in the foreground they stay what they are.
    Result<void> redirect(contract::StreamTarget target);
    Result<void> hand_to(uid_t uid, gid_t gid);
    /// Takes the sink out of Boost.Log's core. A line that hangs in the kernel longer than `at_most` is left behind.
    void close(std::chrono::milliseconds at_most) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit

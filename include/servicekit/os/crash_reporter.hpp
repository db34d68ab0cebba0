#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/event_trail.hpp"

namespace servicekit::os {

/// Who has something to say when the process dies of a fatal signal or by exit(3): lines that it still holds, say.
class CrashListener {
public:
    virtual ~CrashListener() = default;
    /// Called by the signal's handler, in the thread that crashed, on a stack of 100 KiB: only what signal-safety(7)
    /// allows; no lock, no memory. May come while any other member runs, in this thread or another. An exit(3) calls it in
    /// the same way, though in normal code.
    /// Comes twice: as soon as the report says what the thread did that crashed, and when it is whole, for what other
    /// threads have brought meanwhile; once only where the report comes to no end.
    /// \param crash what happened, in one line with its newline; empty the second time
    virtual void write_at_crash(std::string_view crash) noexcept = 0;
};

/// What a report says of the process that it can't find out itself.
struct CrashPlan {
    std::string name = {};
    std::string version = {};
    std::chrono::steady_clock::time_point started_at = {};
    const EventTrail* trail = nullptr;  ///< outlives uninstall(); null: no events are told of
    /// Where there is no file for the report, it goes to stderr.
    bool may_use_stderr = false;
    /// After that the process ends with what is written of it by then; crash lines get two seconds more.
    std::chrono::seconds longest_report{10};
    /// False: signals stay as they are. An exit(3) has crash lines then, and no report.
    bool takes_signals = true;
    /// What the process ends with if the program calls exit(0).
    int status_of_exit_0 = 0;
};

/// Reports of crashes: process-wide, so one owner at a time.
///
/// Signals that are raised by faults (SEGV, BUS, FPE, ILL, SYS, TRAP), an abort(3) of the process itself, and
/// std::terminate() are answered by a report. Then what had happened without it happens: the handler that the program
/// had installed before is called, else the signal's default action ends the process, with the exit status and the core
/// that it would have had. A child of fork(2) reports nothing.
///
/// An exit(3) or quick_exit(3) that is called meanwhile, in any thread, has a report, too, and goes on after it.
class CrashReporter {
public:
    /// How the file is kept until there is something to report.
    enum class Keeping {
        nameless,  ///< it gets its name when there is: the directory must still be writable then
        named,     ///< an empty file, which close_report() removes where it still may
    };

    virtual ~CrashReporter() = default;
    /// Takes the signals, save those that a sanitizer's runtime has; what is wrong with a later crash is nobody's to hear.
    /// The calling thread is guarded, as by guard_this_thread().
    /// \pre the last fork is over. \returns an error where another service of this process has taken them.
    virtual Result<void> install(const CrashPlan& plan) = 0;
    /// Where a report will go.
    struct Place {
        std::string path = {};
        std::optional<Error> obstacle = {};  ///< why it is not the path that was asked for
    };
    /// Opens the file that a report will go to, readable for the owner and the group. Root takes the path as Files does.
    /// A file that is there already is appended to if it is a regular one of this user's with one name; if anything else
    /// is there, or comes there by the time of a crash, the report goes to `otherwise`, if that is given.
    /// \param path, otherwise absolute, in the same directory
    virtual Result<Place> open_report(const std::string& path, Keeping keeping, const std::string& otherwise = {}) = 0;
    /// Gives the file to a user, for a process that is about to become that user.
    virtual Result<void> change_owner(uid_t uid, gid_t gid) = 0;
    /// From here on there is no file; none that is empty is left, where that can be helped. Any number of times.
    virtual void close_report() noexcept = 0;
    /// Has it called at a crash, in the order of adding, until uninstall(). \pre it outlives that; eight at most
    virtual void add_listener(CrashListener& listener) = 0;
    /// Gives the calling thread a stack for signal handlers, sigaltstack(2), unless it has one: without it nobody reports
    /// that its own stack overflowed.
    virtual void guard_this_thread() noexcept = 0;
    /// Gives the signals back, and closes the report. Any number of times.
    virtual void uninstall() noexcept = 0;
};

[[nodiscard]] CrashReporter& posix_crash_reporter();

}  // namespace servicekit::os

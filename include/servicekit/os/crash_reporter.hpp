#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/event_trail.hpp"

namespace servicekit::os {

/// An object that writes something when the process dies of a fatal signal or by exit(3), for example the lines that it
/// still holds.
class CrashListener {
public:
    virtual ~CrashListener() = default;
    /// Called by the signal handler, in the thread that crashed, on a stack of 100 KiB. It may do only what
    /// signal-safety(7) allows: it must not lock or allocate. It may be called while any other member runs, in this
    /// thread or another one. After an exit(3) it is called in the same way, although not in a signal handler.
    /// It is called twice: when the report has the crashed thread, and when the report is complete, for lines that
    /// other threads have added. If the report is never completed, it is called once.
    /// \param crash the crash in one line with its newline; empty in the second call
    virtual void write_at_crash(std::string_view crash) noexcept = 0;
};

/// Facts for a report that the reporter cannot find out itself.
struct CrashPlan {
    std::string name = {};                                  ///< the name of the service
    std::string version = {};                               ///< the version of the service
    std::chrono::steady_clock::time_point started_at = {};  ///< when the process started, for its age in the report
    const EventTrail* trail = nullptr;                      ///< outlives uninstall(); null: the report lists no events
    /// If there is no file for the report, write it to stderr.
    bool may_use_stderr = false;
    /// Time limit of a report. Then the process ends with an incomplete report; crash lines get two more seconds.
    /// Default: 10 s.
    std::chrono::seconds longest_report{10};
    /// False: signals are not handled. An exit(3) then writes crash lines but no report.
    bool takes_signals = true;
    /// The exit status if the program calls exit(0).
    int status_of_exit_0 = 0;
};

/// Reports crashes. It is process-wide, so it has one owner at a time.
///
/// A report is written for signals that faults raise (SEGV, BUS, FPE, ILL, SYS, TRAP), for an abort(3) of the process
/// itself, and for std::terminate(). Then the process continues as without the reporter: the handler that the program
/// had installed is called, or the default action of the signal ends the process, with the usual exit status and core.
/// A child of fork(2) writes no report.
///
/// A call of exit(3) or quick_exit(3) in any thread while the reporter is installed also writes a report. The exit then
/// continues.
class CrashReporter {
public:
    /// How the file exists until there is something to report.
    enum class Keeping {
        nameless,  ///< it gets its name at the crash; the directory must still be writable then
        named,     ///< an empty file, which close_report() removes if it still may
    };

    virtual ~CrashReporter() = default;
    /// Installs the signal handlers, except for signals that a sanitizer's runtime has taken. Failures while a later
    /// report is written are not reported. Guards the calling thread, as guard_this_thread() does.
    /// \pre the service has done its last fork(2)
    /// \returns an error if another service of this process is the owner
    virtual Result<void> install(const CrashPlan& plan) = 0;
    /// The file for a report.
    struct Place {
        std::string path = {};               ///< the file for the report
        std::optional<Error> obstacle = {};  ///< why it is not the path that was requested
    };
    /// Opens the file for a report, readable for the owner and the group. Root checks the path as Files does. An
    /// existing file is appended to if it is a regular file of this user with one name. If something else is at the
    /// path, now or at the time of a crash, the report goes to `otherwise`, if that is given.
    /// \param path absolute
    /// \param otherwise absolute, in the same directory
    virtual Result<Place> open_report(const std::string& path, Keeping keeping, const std::string& otherwise = {}) = 0;
    /// Gives the file to the user that the process is about to become.
    virtual Result<void> change_owner(uid_t uid, gid_t gid) = 0;
    /// Closes the file, and removes it if it is empty and that is possible. May be called repeatedly.
    virtual void close_report() noexcept = 0;
    /// Adds a listener that is called at a crash, in the order of adding, until uninstall(). \pre it outlives
    /// uninstall(); at most eight are added
    virtual void add_listener(CrashListener& listener) = 0;
    /// Gives the calling thread a stack for signal handlers, sigaltstack(2), unless it has one. Without it, an overflow
    /// of the thread's own stack cannot be reported.
    virtual void guard_this_thread() noexcept = 0;
    /// Restores the signals and closes the report. May be called repeatedly.
    virtual void uninstall() noexcept = 0;
};

/// Returns the real implementation.
[[nodiscard]] CrashReporter& posix_crash_reporter();

}  // namespace servicekit::os

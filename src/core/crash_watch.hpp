#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/error_output.hpp"
#include "core/instance.hpp"
#include "core/stream_redirection.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/os/crash_reporter.hpp"
#include "servicekit/os/event_trail.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {

class Privileges;

/// Writes a report if the service crashes, and passes the lines that are still held to the log. An exit(3) that the
/// program calls counts as a crash. A failure of this class is a warning and does not stop the service.
class CrashWatch final : private os::CrashListener {
public:
    /// \param trail the events that ran, for the report
    CrashWatch(const Instance& instance, const os::EventTrail& trail, PolicyReferences& policies,
               StreamRedirection& streams, ErrorOutput& error_output, const os::Host& host, Logger& log)
        : instance_{instance},
          trail_{trail},
          policies_{policies},
          streams_{streams},
          error_output_{error_output},
          host_{host},
          log_{log} {}

    /// Begins to watch the first load, in the process that the user started, until end(). An exit(3) during that load
    /// is printed on stderr and fails the start.
    void begin_load(bool in_background);
    /// Begins to report exits, and crashes if the settings allow it. May be called again after the settings have
    /// changed.
    /// \pre the last fork is over
    void begin(const Settings& settings);
    /// Notes that the log is open. It gets crash lines until forget_log().
    void take_log() noexcept { has_log_.store(true, std::memory_order_release); }
    void forget_log() noexcept { has_log_.store(false, std::memory_order_release); }
    /// Notes the process that had the lock before and ended without a stop, if there was one.
    void note_last_life(std::optional<pid_t> pid) noexcept { last_life_ = pid; }
    /// Logs how the last life ended, if it was not stopped. Rotates its report, and opens the file of the next one.
    /// \pre the lock is held, the log is open
    /// \param privileges prepared, but not dropped yet
    void take_over(const Settings& settings, const Privileges& privileges);
    /// Returns the number of rotated reports that take_over() has left; nothing if that is unknown.
    [[nodiscard]] std::optional<std::size_t> reports_kept() const noexcept { return reports_kept_; }
    /// Returns true if the last life ended without a stop, as far as the lock policy knows.
    [[nodiscard]] bool had_unclean_end() const noexcept { return last_life_.has_value(); }
    /// Gives the report to a user, for a process that is about to become that user.
    Result<void> change_owner(uid_t uid, gid_t gid);
    /// Closes the report: its file may belong to another instance after this. Can be called from any thread.
    void close_report() noexcept;
    /// Restores the signal handlers.
    void end() noexcept;

private:
    void write_at_crash(std::string_view crash) noexcept override;
    void log_crash(std::string_view crash) noexcept;
    /// \returns true if the process is watched
    bool install(const os::CrashPlan& plan);

    /// \returns the pid of the crash that was logged; empty if there was none
    std::string put_away_report(const Settings& settings, const Privileges& privileges);

    const Instance& instance_;
    const os::EventTrail& trail_;
    PolicyReferences& policies_;
    StreamRedirection& streams_;
    ErrorOutput& error_output_;
    const os::Host& host_;
    Logger& log_;
    bool watches_ = false;
    bool reports_ = false;  ///< signals, not only exits
    bool loads_ = false;    ///< a load is watched, in the process that the user started
    std::optional<pid_t> last_life_;
    std::optional<std::size_t> reports_kept_;
    std::atomic<bool> has_log_{false};
};

}  // namespace servicekit

#pragma once

#include <sys/types.h>

#include <atomic>
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

/// Sees to it that a crash of the service leaves a report, and that the log gets what it still held. An exit(3) that the
/// program calls counts as one. What goes wrong with that is a warning: no reason not to serve.
class CrashWatch final : private os::CrashListener {
public:
    /// \param trail what a report says of the events that ran
    CrashWatch(const Instance& instance, const os::EventTrail& trail, PolicyReferences& policies,
               StreamRedirection& streams, ErrorOutput& error_output, const os::Host& host, Logger& log)
        : instance_{instance},
          trail_{trail},
          policies_{policies},
          streams_{streams},
          error_output_{error_output},
          host_{host},
          log_{log} {}

    /// The first load begins, in the process that the user started. An exit(3) in it is printed on stderr, and fails the
    /// start. Until end().
    void begin_load(bool in_background);
    /// Reports crashes from here on, if the settings want that, and exits. Any number of times: the settings may change.
    /// \pre the last fork is over
    void begin(const Settings& settings);
    /// The log is open, and takes crash lines; until forget_log().
    void take_log() noexcept { has_log_.store(true, std::memory_order_release); }
    void forget_log() noexcept { has_log_.store(false, std::memory_order_release); }
    /// The process that had the lock before and ended without a stop, if there was one.
    void note_last_life(std::optional<pid_t> pid) noexcept { last_life_ = pid; }
    /// Logs how the last life ended, if it was not stopped. Puts its report away, and opens the file of the next one.
    /// \pre the lock is held, the log is open
    /// \param privileges prepared, not dropped yet
    void take_over(const Settings& settings, const Privileges& privileges);
    /// For a process that is about to become that user.
    Result<void> change_owner(uid_t uid, gid_t gid);
    /// From here on the file may be another instance's. From any thread.
    void close_report() noexcept;
    /// Gives the signals back.
    void end() noexcept;

private:
    void write_at_crash(std::string_view crash) noexcept override;
    void log_crash(std::string_view crash) noexcept;
    /// \returns whether it is watched
    bool install(const os::CrashPlan& plan);

    /// \returns the process whose crash was logged
    std::string put_away_report(const Settings& settings, const Privileges& privileges);

    const Instance& instance_;
    const os::EventTrail& trail_;
    PolicyReferences& policies_;
    StreamRedirection& streams_;
    ErrorOutput& error_output_;
    const os::Host& host_;
    Logger& log_;
    bool watches_ = false;
    bool reports_ = false;  ///< not exits alone
    bool loads_ = false;    ///< in the process that the user started
    std::optional<pid_t> last_life_;
    std::atomic<bool> has_log_{false};
};

}  // namespace servicekit

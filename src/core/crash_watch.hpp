#pragma once

#include <sys/types.h>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/crash_reporter.hpp"

namespace servicekit {

class ServiceCore;

/// Sees to it that a crash of the service leaves a report, and that the log gets what it still held. An exit(3) that the
/// program calls counts as one. What goes wrong with that is a warning: no reason not to serve.
class CrashWatch final : private os::CrashListener {
public:
    explicit CrashWatch(ServiceCore& core) : core_{&core} {}

    /// The first load begins, in the process that the user started. An exit(3) in it is printed on stderr, and fails the
    /// start. Until end().
    void begin_load(bool in_background);
    /// Reports crashes from here on, if the settings want that, and exits. Any number of times: the settings may change.
    /// \pre the last fork is over
    void begin();
    /// The log is open, and takes crash lines; until forget_log().
    void take_log() noexcept { has_log_.store(true, std::memory_order_release); }
    void forget_log() noexcept { has_log_.store(false, std::memory_order_release); }
    /// The process that had the lock before and ended without a stop, if there was one.
    void note_last_life(std::optional<pid_t> pid) noexcept { last_life_ = pid; }
    /// Logs how the last life ended, if it was not stopped. Puts its report away, and opens the file of the next one.
    /// \pre the lock is held, the log is open
    /// \param user whom the service becomes, if anybody
    void take_over(std::optional<uid_t> user);
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
    std::string put_away_report(std::optional<uid_t> user);

    ServiceCore* core_;
    bool watches_ = false;
    bool reports_ = false;  ///< not exits alone
    bool loads_ = false;    ///< in the process that the user started
    std::optional<pid_t> last_life_;
    std::atomic<bool> has_log_{false};
};

}  // namespace servicekit

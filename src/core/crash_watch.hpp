#pragma once

#include <sys/types.h>

#include <atomic>
#include <optional>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/crash_reporter.hpp"

namespace servicekit {

class ServiceCore;

/// Sees to it that a crash of the service leaves a report, and that the log gets what it still held.
/// What goes wrong with that is a warning: no reason not to serve.
class CrashWatch final : private os::LastWords {
public:
    explicit CrashWatch(ServiceCore& core) : core_{&core} {}

    /// Reports crashes from here on. \pre the last fork is over
    void begin();
    /// The log is open, and takes last words; until let_log_go().
    void take_log() noexcept { has_log_.store(true, std::memory_order_release); }
    void let_log_go() noexcept { has_log_.store(false, std::memory_order_release); }
    /// Puts away what the last life left, and says so; opens the file of the next report.
    /// \pre the lock is held
    /// \param user whom the service becomes, if anybody
    void prepare_report(std::optional<uid_t> user);
    /// For a process that is about to become that user.
    Result<void> hand_to(uid_t uid, gid_t gid);
    /// From here on the file may be another instance's. From any thread.
    void close_report() noexcept;
    /// Gives the signals back.
    void end() noexcept;

private:
    void write_last_words(std::string_view crash) noexcept override;

    ServiceCore* core_;
    bool watches_ = false;
    std::atomic<bool> has_log_{false};
};

}  // namespace servicekit

#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "policies/daemon/start_report.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/pipes.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/process_table.hpp"
#include "servicekit/policy/daemon_policy.hpp"

namespace servicekit::policies {

/// Waits for the daemon in the process that the user started.
class StartWatch {
public:
    struct Limits {
        std::chrono::milliseconds until_ready;  ///< after this time the daemon is killed
        std::chrono::milliseconds until_ended;  ///< the same, if this process was interrupted
        std::chrono::milliseconds grace{0};     ///< added to an extension that the daemon reports
    };

    /// \param child the intermediate process, which exits after it has forked the daemon. The calling process adopts
    /// orphans, so it learns how the daemon ended.
    /// \param pipe its writer is closed in this process.
    StartWatch(std::string service, pid_t child, Limits limits, os::Pipe& pipe, os::Process& process,
               os::ProcessTable& processes, os::Clock& clock);

    /// Does what ForkingDaemon::enter() does in the parent. Call it once only.
    [[nodiscard]] Result<Role> wait();

private:
    using Instant = std::chrono::steady_clock::time_point;
    using Heard = std::variant<StartReport, os::PipeReading::End>;
    using Outcome = std::optional<Result<Role>>;  ///< empty: keep waiting

    [[nodiscard]] Heard hear();
    [[nodiscard]] Heard read_until(Instant deadline);
    [[nodiscard]] std::optional<std::string> next_line();
    [[nodiscard]] Outcome take(const StartReport& report);
    [[nodiscard]] Outcome take(os::PipeReading::End end);
    void interrupt();
    void ask_to_end();
    [[nodiscard]] Outcome overdue();
    [[nodiscard]] Result<bool> kill();
    [[nodiscard]] Error end_before_ready();
    [[nodiscard]] std::string end_in_words();
    [[nodiscard]] bool daemon_lives();
    void reap_child();
    [[nodiscard]] Instant after(std::chrono::milliseconds time) const;
    [[nodiscard]] Error cannot_start(ExitCode code, std::string reason) const;

    std::string service_;
    pid_t child_;
    Limits limits_;
    os::Pipe* pipe_;
    os::Process* process_;
    os::ProcessTable* processes_;
    os::Clock* clock_;

    Instant deadline_;
    std::string unread_;
    std::optional<Heard> heard_early_;  ///< read while checking that the daemon lives
    std::optional<pid_t> daemon_;
    std::string crash_;  ///< reported by the daemon; empty: none
    std::string log_;    ///< the same
    std::optional<int> child_status_;
    bool child_reaped_ = false;
    bool interrupted_ = false;
    bool asked_to_end_ = false;
};

}  // namespace servicekit::policies

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

/// How the process that the user started waits for the daemon.
class StartWatch {
public:
    struct Limits {
        std::chrono::milliseconds until_ready;  ///< then the daemon is killed
        std::chrono::milliseconds until_ended;  ///< the same, once this process was interrupted
        std::chrono::milliseconds grace{0};     ///< how much longer than an extension that the daemon reports
    };

    /// \param child the process in between, which leaves once it has forked the daemon. The calling process adopts
    ///              orphans, so that it learns how the daemon ended.
    /// \param pipe  whose writer this process has closed.
    StartWatch(std::string service, pid_t child, Limits limits, os::Pipe& pipe, os::Process& process,
               os::ProcessTable& processes, os::Clock& clock);

    /// As ForkingDaemon::enter() in the parent. Once only.
    [[nodiscard]] Result<Role> wait();

private:
    using Instant = std::chrono::steady_clock::time_point;
    using Heard = std::variant<StartReport, os::PipeReading::End>;
    using Outcome = std::optional<Result<Role>>;  ///< nothing: goes on

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
    std::optional<Heard> heard_early_;  ///< while looking whether the daemon lives
    std::optional<pid_t> daemon_;
    std::string crash_;  ///< what the daemon said of it; empty: nothing
    std::string log_;    ///< the same
    std::optional<int> child_status_;
    bool child_reaped_ = false;
    bool interrupted_ = false;
    bool asked_to_end_ = false;
};

}  // namespace servicekit::policies

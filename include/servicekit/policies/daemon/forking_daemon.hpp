#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/daemon_policy.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// Daemon policy that moves the service to the background, or leaves it in the foreground where the deployment says so.
///
/// In the background the service has a session that it does not lead, the deployment's working directory and file mask,
/// stdin from /dev/null, and none of the descriptors above 2 that its caller left open, except those that the deployment
/// keeps. What the program itself has opened before, in a constructor for example, stays open. Its stdout and stderr stay
/// what they were, for the log policy to redirect. The process that the user started waits until the service is
/// ready or has failed; a service that dies without a word is told from one that is slow.
/// Enter it before any thread starts and before the lock is taken: fork(2) keeps neither threads nor fcntl(2)'s locks.
/// May be moved before configure(), and not later.
class ForkingDaemon final : public DaemonPolicy {
public:
    struct Options {
        /// How much longer than the service's own start timeout (and, once interrupted, its stop timeout) the process
        /// that the user started waits before it ends the service: only one that can't keep its own time gets there.
        std::chrono::milliseconds grace{5'000};
    };

    ForkingDaemon();
    explicit ForkingDaemon(Options options, const os::Host& host = os::posix_host());
    ForkingDaemon(ForkingDaemon&& other) noexcept;
    ForkingDaemon& operator=(ForkingDaemon&& other) noexcept;
    ~ForkingDaemon() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] bool has_background() const noexcept override { return true; }

    /// \pre one thread (in the background refused otherwise), no lock held.
    /// \returns in the parent, after the service became ready (Role::parent), or the error that kept it from that:
    ///          the service's own; ExitCode::internal where it ended otherwise, with its crash, its signal or its exit
    ///          code; ExitCode::timeout where it took too long or this process got INT, TERM or HUP meanwhile, the
    ///          service then being ended. To learn how it ended the parent adopts orphans, Process::adopt_orphans().
    ///          In the service at once; what goes wrong there before is the parent's to return.
    Result<Role> enter() override;
    void logs_to(const std::vector<std::string>& files) override;
    /// Until ready() or failed(). What the parent's enter() returns if the process ends then.
    void crashed(std::string_view what) noexcept override;
    /// Makes the parent's enter() return. Only the first of ready() and failed() counts. Neither does anything in the
    /// foreground or before enter().
    void ready() override;
    void failed(const Error& error) override;
    /// The process that the user started waits on.
    void extend(std::chrono::milliseconds time) override;

private:
    [[nodiscard]] Result<Role> wait_for_service(os::Pipe& pipe, pid_t child);
    [[nodiscard]] Result<void> become_daemon();
    void report(std::string_view line);
    void tell(std::string_view line);

    Options options_;
    os::Process* process_;
    os::Pipes* pipes_;
    os::StandardStreams* streams_;
    os::ProcessTable* processes_;
    os::Clock* clock_;
    os::InheritedDescriptors* inherited_;
    Deployment deployment_;
    struct Reports;
    std::unique_ptr<Reports> reports_;  ///< to the parent; null unless this process is a service in the background
    std::chrono::steady_clock::time_point extended_until_;
};

}  // namespace servicekit

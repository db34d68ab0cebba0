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

/// Daemon policy that moves the service to the background, or leaves it in the foreground if the deployment asks for
/// that.
///
/// In the background the service is in a new session that it does not lead. It has the deployment's working directory
/// and file mask, and its stdin is /dev/null. Descriptors above 2 that its caller left open are closed, except those
/// that the deployment keeps. Files that the program has opened before, for example in a constructor, stay open. stdout
/// and stderr stay unchanged; the log policy redirects them. The process that the user started waits until the service
/// is ready or has failed. It distinguishes a service that has died from one that is slow.
/// Call enter() before any thread starts and before the lock is taken: fork(2) keeps neither threads nor fcntl(2)
/// locks.
/// May be moved only before configure().
class ForkingDaemon final : public DaemonPolicy {
public:
    /// The options. Each has a default.
    struct Options {
        /// How much longer than the service's own start timeout the process that the user started waits before it kills
        /// the service; after an interrupt, how much longer than the stop timeout. The service normally ends by itself
        /// at its own timeout. Default: 5 s. Raise it on a machine so loaded that the service cannot report a timeout
        /// in that time.
        std::chrono::milliseconds grace{5'000};
    };

    ForkingDaemon();
    /// \param host the operating system; tests pass fakes
    explicit ForkingDaemon(Options options, const os::Host& host = os::posix_host());
    ForkingDaemon(ForkingDaemon&& other) noexcept;
    ForkingDaemon& operator=(ForkingDaemon&& other) noexcept;
    ~ForkingDaemon() override;

    void configure(const Deployment& deployment) override;
    [[nodiscard]] bool has_background() const noexcept override { return true; }

    /// \pre the process has one thread (checked if it goes to the background) and holds no lock.
    /// \returns in the parent: Role::parent when the service is ready, or the error that prevented that. This is the
    ///          error that the service reported; or ExitCode::internal if the service ended in another way, with its
    ///          crash, signal or exit code; or ExitCode::timeout if it took too long or this process got INT, TERM or
    ///          HUP, and the service was made to end. To learn how the service ended, the parent adopts orphans:
    ///          Process::adopt_orphans(). In the service: at once; an error before that is returned in the parent.
    Result<Role> enter() override;
    void logs_to(const std::vector<std::string>& files) override;
    /// Reports a crash to the parent, whose enter() returns it if the process ends. Has an effect until ready() or
    /// failed() only.
    void crashed(std::string_view what) noexcept override;
    /// Makes the parent's enter() return. Only the first of ready() and failed() counts. Both do nothing in the
    /// foreground or before enter().
    void ready() override;
    void failed(const Error& error) override;
    /// Makes the process that the user started wait longer.
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

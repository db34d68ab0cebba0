#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/daemon_policy.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// Daemon policy for systemd units. It never forks, and notifies the service manager with sd_notify(3): READY=1 with
/// MAINPID, RELOADING=1 with MONOTONIC_USEC and READY=1 after it, STOPPING=1, STATUS, ERRNO and EXIT_STATUS of a
/// failure, EXTEND_TIMEOUT_USEC while a start, reload or stop makes progress, and WATCHDOG=1 if the unit has
/// WatchdogSec=. So it suits units of Type=notify and Type=notify-reload; `PROGRAM unit` writes one.
///
/// Without $NOTIFY_SOCKET it sends nothing, and the service runs as with Foreground. Variables that are meant for this
/// process are removed from the environment, so that child processes do not notify the manager.
class SystemdNotify final : public DaemonPolicy {
public:
    /// The options. Each has a default.
    struct Options {
        /// How much longer than the service itself the manager waits for the next progress, so that the service ends a
        /// step that takes too long, and reports it. Default: 5 s. Raise it on a machine so loaded that the service
        /// cannot do that in time.
        std::chrono::milliseconds grace{5'000};
    };

    SystemdNotify();
    /// \param host the operating system; tests pass fakes
    explicit SystemdNotify(Options options, const os::Host& host = os::posix_host());
    SystemdNotify(SystemdNotify&& other) noexcept;
    SystemdNotify& operator=(SystemdNotify&& other) noexcept;
    ~SystemdNotify() override;

    void configure(const Deployment& deployment) override { name_ = deployment.name; }
    [[nodiscard]] bool notifies_manager() const noexcept override { return true; }
    /// \returns an error if $NOTIFY_SOCKET is not a valid address. It does not check that somebody listens there.
    Result<Role> enter() override;
    void ready() override;
    void failed(const Error& error) override;
    void reloading() override;
    void stopping() override;
    void status(std::string_view text) override;
    void extend(std::chrono::milliseconds time) override;
    /// Half of the watchdog timeout of the unit (WatchdogSec=).
    [[nodiscard]] std::optional<std::chrono::milliseconds> alive_interval() const noexcept override {
        return alive_interval_;
    }
    void alive() override;

private:
    Result<void> take_socket();
    void tell(const std::string& message);

    Options options_;
    os::ServiceManager* manager_;
    const os::Process* process_;
    const os::Clock* clock_;
    os::StandardStreams* streams_;
    std::string name_;
    std::unique_ptr<os::NotifySocket> socket_;  ///< null if there is no manager to notify
    std::optional<std::chrono::milliseconds> alive_interval_;
    bool last_one_failed_ = false;
};

}  // namespace servicekit

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

/// Daemon policy for units of systemd: never forks, and tells the service manager how the service is, by sd_notify(3):
/// READY=1 with MAINPID, RELOADING=1 with MONOTONIC_USEC and READY=1 after it, STOPPING=1, STATUS, ERRNO and
/// EXIT_STATUS of a failure, EXTEND_TIMEOUT_USEC while a start, reload or stop makes progress, and WATCHDOG=1 where the
/// unit has WatchdogSec=. So it serves units of Type=notify and Type=notify-reload; `PROGRAM unit` writes one.
///
/// Where nobody listens (there is no $NOTIFY_SOCKET) it tells nobody, and the service runs as it does with Foreground.
/// What is meant for this process alone is taken out of the environment, so that no child tells the manager anything.
class SystemdNotify final : public DaemonPolicy {
public:
    struct Options {
        /// How much longer than the service itself the manager waits for the next sign of progress, so that it is the
        /// service that ends a step that takes too long, and says so.
        std::chrono::milliseconds grace{5'000};
    };

    SystemdNotify();
    explicit SystemdNotify(Options options, const os::Host& host = os::posix_host());
    SystemdNotify(SystemdNotify&& other) noexcept;
    SystemdNotify& operator=(SystemdNotify&& other) noexcept;
    ~SystemdNotify() override;

    void configure(const Deployment& deployment) override { name_ = deployment.name; }
    [[nodiscard]] bool notifies_manager() const noexcept override { return true; }
    /// \returns an error where there is an address that can't be one; whether somebody listens there shows later.
    Result<Role> enter() override;
    void ready() override;
    void failed(const Error& error) override;
    void reloading() override;
    void stopping() override;
    void status(std::string_view text) override;
    void extend(std::chrono::milliseconds time) override;
    /// Half of the time that the manager waits for a sign of life.
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
    std::unique_ptr<os::NotifySocket> socket_;  ///< null: nobody listens
    std::optional<std::chrono::milliseconds> alive_interval_;
    bool last_one_failed_ = false;
};

}  // namespace servicekit

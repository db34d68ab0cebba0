#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/contract/daemon.hpp"
#include "servicekit/contract/deployment.hpp"
#include "servicekit/os/interfaces.hpp"

namespace servicekit {

/// Daemon policy for units of systemd: never forks, and tells the service manager how the service is, by sd_notify(3):
/// READY=1 with MAINPID, RELOADING=1 with MONOTONIC_USEC and READY=1 after it, STOPPING=1, STATUS, ERRNO and
/// EXIT_STATUS of a failure, EXTEND_TIMEOUT_USEC while a start, reload or stop makes progress, and WATCHDOG=1 where the
/// unit has WatchdogSec=. So it serves units of Type=notify and Type=notify-reload; `PROGRAM unit` writes one.
///
/// Where nobody listens (there is no $NOTIFY_SOCKET) it tells nobody, and the service runs as it does with Foreground.
/// What is meant for this process alone is taken out of the environment, so that no child tells the manager anything.
class SystemdNotify {
public:
    struct Options {
        /// How much longer than the service itself the manager waits for the next sign of progress, so that it is the
        /// service that ends a step that takes too long, and says so.
        std::chrono::milliseconds grace{5'000};
    };

    SystemdNotify();
    explicit SystemdNotify(Options options, os::ServiceManager& manager = os::posix_service_manager(),
                           const os::Process& process = os::posix_process(), const os::Clock& clock = os::posix_clock(),
                           os::StandardStreams& streams = os::posix_standard_streams());
    SystemdNotify(SystemdNotify&& other) noexcept;
    SystemdNotify& operator=(SystemdNotify&& other) noexcept;
    ~SystemdNotify();

    void configure(const contract::Deployment& deployment) { name_ = deployment.name; }
    [[nodiscard]] bool has_background() const noexcept { return false; }
    [[nodiscard]] bool notifies_manager() const noexcept { return true; }
    /// \returns an error where there is an address that can't be one; whether somebody listens there shows later.
    Result<contract::Role> enter();
    void ready();
    void failed(const Error& error);
    void reloading();
    void stopping();
    void status(std::string_view text);
    void extend(std::chrono::milliseconds time);
    /// Half of the time that the manager waits for a sign of life.
    [[nodiscard]] std::optional<std::chrono::milliseconds> alive_interval() const noexcept { return alive_interval_; }
    void alive();

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

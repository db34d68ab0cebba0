#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/os/listen_socket.hpp"

namespace servicekit::os {

/// The socket of the service manager for notifications about the service, as sd_notify(3) describes them.
class NotifySocket {
public:
    virtual ~NotifySocket() = default;
    /// Sends one datagram: lines of NAME=VALUE. May be called from any thread. Takes one second at most.
    virtual Result<void> send(std::string_view message) = 0;
};

/// The service manager (systemd) that started this process, and what it passed in the environment. Each take_*()
/// function also removes its variables from the environment, so that child processes do not use them. A second call
/// finds nothing.
/// \pre for each take_*(): no other thread uses the environment
class ServiceManager {
public:
    virtual ~ServiceManager() = default;
    /// The sockets of sd_listen_fds_with_names(3), in their order, close-on-exec; those of one unit have the same name.
    /// Empty if none were passed, or if they were passed to another process.
    virtual Result<std::vector<ListenSocket>> take_listen_sockets() = 0;
    /// The notification socket of the manager; null if there is none.
    virtual Result<std::unique_ptr<NotifySocket>> take_notify_socket() = 0;
    /// The interval within which the manager expects each ping of the watchdog; nothing if it expects none from this
    /// process.
    virtual std::optional<std::chrono::microseconds> take_watchdog() = 0;
    /// \returns true if stderr is connected to the manager's journal, which reads levels as in sd-daemon(3).
    [[nodiscard]] virtual bool has_journal_on_stderr() const = 0;
};

/// Returns the real implementation.
[[nodiscard]] ServiceManager& posix_service_manager();

}  // namespace servicekit::os

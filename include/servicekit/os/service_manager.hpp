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

/// Where the service manager takes notes about the service, as sd_notify(3) describes them.
class NotifySocket {
public:
    virtual ~NotifySocket() = default;
    /// Sends one datagram: lines of NAME=VALUE. From any thread; takes a second at most.
    virtual Result<void> send(std::string_view message) = 0;
};

/// The service manager (systemd) that started this process: what it passed, which is in the environment.
/// Each take_*() also takes its variables out of there, so that no child of the service believes that they are meant
/// for it; a second call finds nothing.
/// \pre of each take_*(): no other thread uses the environment.
class ServiceManager {
public:
    virtual ~ServiceManager() = default;
    /// The sockets of sd_listen_fds_with_names(3), in their order, close-on-exec; those of one unit share a name.
    /// Empty where none were passed, or they are another process's.
    virtual Result<std::vector<ListenSocket>> take_listen_sockets() = 0;
    /// Where the manager listens; null where it does not.
    virtual Result<std::unique_ptr<NotifySocket>> take_notify_socket() = 0;
    /// Within what time the manager wants a sign of life, again and again; nothing where it wants none of this process.
    virtual std::optional<std::chrono::microseconds> take_watchdog() = 0;
    /// Whether stderr leads into the manager's journal, which takes levels as sd-daemon(3) has them.
    [[nodiscard]] virtual bool has_journal_on_stderr() const = 0;
};

[[nodiscard]] ServiceManager& posix_service_manager();

}  // namespace servicekit::os

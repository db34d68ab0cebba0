#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/descriptor.hpp"

namespace servicekit::test {

/// One datagram to a service manager, and the process that sent it according to the kernel.
struct Notification {
    std::string text;
    pid_t sender = 0;

    /// Returns true if it contains the line.
    [[nodiscard]] bool has(std::string_view line) const;
    /// Returns the value of a variable, such as "4711" for MAINPID; empty if it is missing.
    [[nodiscard]] std::string value_of(std::string_view variable) const;
};

/// Records notifications as systemd does: the socket that $NOTIFY_SOCKET names.
class NotifySocket {
public:
    /// \param address a path, or `@NAME` in the abstract namespace
    /// \throws std::system_error if it can't be bound
    explicit NotifySocket(std::string address);

    [[nodiscard]] const std::string& address() const noexcept { return address_; }
    /// \returns the next one, or nothing if none arrives in that time
    std::optional<Notification> next(std::chrono::milliseconds at_most);
    /// Waits for a notification with a line that begins with this text, and keeps the ones before it.
    /// \throws std::runtime_error if none arrives
    Notification await(std::string_view beginning_of_line);
    /// Returns all notifications so far.
    [[nodiscard]] const std::vector<Notification>& seen() const noexcept { return seen_; }
    /// Reads what has already arrived.
    void drain();

private:
    std::string address_;
    os::Descriptor socket_;
    std::vector<Notification> seen_;
};

}  // namespace servicekit::test

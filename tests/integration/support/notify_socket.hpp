#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/descriptor.hpp"

namespace servicekit::test {

/// One datagram to a service manager, and which process the kernel says it is from.
struct Notification {
    std::string text;
    pid_t sender = 0;

    /// Whether it has the line.
    [[nodiscard]] bool has(std::string_view line) const;
    /// The value of a variable: "4711" of MAINPID; empty where there is none.
    [[nodiscard]] std::string value_of(std::string_view variable) const;
};

/// Takes notes as systemd does: the socket that $NOTIFY_SOCKET leads to.
class NotifySocket {
public:
    /// \param address a path, or `@NAME` in the abstract namespace
    /// \throws std::system_error where it can't be bound
    explicit NotifySocket(std::string address);

    [[nodiscard]] const std::string& address() const noexcept { return address_; }
    /// \returns the next one; nothing where none comes in that time
    std::optional<Notification> next(std::chrono::milliseconds at_most);
    /// Waits for one that has a line that begins so, and keeps what came before.
    /// \throws std::runtime_error where none comes
    Notification await(std::string_view beginning_of_line);
    /// All that came until now.
    [[nodiscard]] const std::vector<Notification>& seen() const noexcept { return seen_; }
    /// Takes what is there already.
    void drain();

private:
    std::string address_;
    os::Descriptor socket_;
    std::vector<Notification> seen_;
};

}  // namespace servicekit::test

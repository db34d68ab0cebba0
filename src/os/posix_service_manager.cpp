#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/parse_number.hpp"
#include "os/descriptor.hpp"
#include "servicekit/os/service_manager.hpp"

namespace servicekit::os {
namespace {

constexpr timeval longest_send{.tv_sec = 1, .tv_usec = 0};
constexpr const char* notify_action = "notify the service manager at";
constexpr const char* take_over_action = "take over the service manager's sockets";
constexpr int first_listen_descriptor = 3;  // SD_LISTEN_FDS_START

/// \returns nothing if the variable is empty, which counts as unset
std::optional<std::string> take_variable(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    std::string taken{value};
    ::unsetenv(name);
    return taken.empty() ? std::nullopt : std::optional{std::move(taken)};
}

std::vector<std::string> split_at_colons(std::string_view text) {
    std::vector<std::string> parts;
    for (;;) {
        const auto colon = text.find(':');
        parts.emplace_back(text.substr(0, colon));
        if (colon == std::string_view::npos) return parts;
        text.remove_prefix(colon + 1);
    }
}

/// An address as $NOTIFY_SOCKET gives it: a path, or `@NAME` in the abstract namespace.
class NotifyAddress {
public:
    static Result<NotifyAddress> of(const std::string& text) {
        NotifyAddress address;
        if (text.size() < 2 || (text.front() != '/' && text.front() != '@'))
            return os_error(notify_action, text, EAFNOSUPPORT);
        // A name in the abstract namespace has no trailing zero byte, so it may be one byte longer.
        const bool is_path = text.front() == '/';
        if (text.size() + (is_path ? 1 : 0) > sizeof address.address_.sun_path)
            return os_error(notify_action, text, ENAMETOOLONG);
        std::memcpy(address.address_.sun_path, text.data(), text.size());
        if (!is_path) address.address_.sun_path[0] = '\0';
        address.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() + (is_path ? 1 : 0));
        return address;
    }

    [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&address_); }
    [[nodiscard]] socklen_t size() const noexcept { return size_; }

private:
    sockaddr_un address_{.sun_family = AF_UNIX, .sun_path = {}};
    socklen_t size_ = 0;
};

// Not connected: a manager that executes itself again binds another socket at the same address.
class PosixNotifySocket final : public NotifySocket {
public:
    PosixNotifySocket(Descriptor socket, const NotifyAddress& address, std::string text)
        : socket_{std::move(socket)}, address_{address}, text_{std::move(text)} {}

    Result<void> send(std::string_view message) override {
        for (;;) {
            const ssize_t sent =
                ::sendto(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL, address_.get(), address_.size());
            if (sent >= 0) return {};
            if (errno != EINTR) return os_error(notify_action, text_, errno == EAGAIN ? ETIMEDOUT : errno);
        }
    }

private:
    Descriptor socket_;
    NotifyAddress address_;
    std::string text_;
};

class PosixServiceManager final : public ServiceManager {
public:
    Result<std::vector<ListenSocket>> take_listen_sockets() override {
        const auto pid = take_variable("LISTEN_PID");
        const auto listed = take_variable("LISTEN_FDS");
        const auto listed_names = take_variable("LISTEN_FDNAMES");
        std::vector<ListenSocket> sockets;
        if (!pid || !listed || parse_number<pid_t>(*pid) != ::getpid()) return sockets;

        const auto count = parse_number<int>(*listed);
        if (!count || *count <= 0) return os_error(take_over_action, "LISTEN_FDS=" + *listed, EINVAL);
        const auto names = listed_names ? split_at_colons(*listed_names) : std::vector<std::string>{};
        if (listed_names && names.size() != static_cast<std::size_t>(*count))
            return os_error(take_over_action, "LISTEN_FDNAMES=" + *listed_names, EINVAL);

        for (int index = 0; index < *count; ++index) {
            const int descriptor = first_listen_descriptor + index;
            const int flags = ::fcntl(descriptor, F_GETFD);
            if (flags < 0 || ::fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) != 0)
                return os_error(take_over_action, "descriptor " + std::to_string(descriptor), errno);
            std::string name = listed_names ? names[static_cast<std::size_t>(index)] : "unknown";
            sockets.push_back({.name = std::move(name), .descriptor = descriptor});
        }
        return sockets;
    }

    // Not sd_notify(3): it reads the address from the environment each time, so children would find it too.
    Result<std::unique_ptr<NotifySocket>> take_notify_socket() override {
        const auto text = take_variable("NOTIFY_SOCKET");
        if (!text) return std::unique_ptr<NotifySocket>{};
        const auto address = NotifyAddress::of(*text);
        if (!address) return address.error();
        Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &longest_send, sizeof longest_send) != 0)
            return os_error(notify_action, *text, errno);
        return std::unique_ptr<NotifySocket>{new PosixNotifySocket{std::move(socket), *address, *text}};
    }

    std::optional<std::chrono::microseconds> take_watchdog() override {
        const auto interval = parse_number<std::int64_t>(take_variable("WATCHDOG_USEC").value_or(""));
        const auto pid = take_variable("WATCHDOG_PID");
        if (!interval || *interval <= 0) return std::nullopt;
        if (pid && parse_number<pid_t>(*pid) != ::getpid()) return std::nullopt;
        return std::chrono::microseconds{*interval};
    }

    bool has_journal_on_stderr() const override {
        const char* const journal = std::getenv("JOURNAL_STREAM");
        struct stat found {};
        if (journal == nullptr || ::fstat(STDERR_FILENO, &found) != 0) return false;
        return std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino) == journal;
    }
};

}  // namespace

ServiceManager& posix_service_manager() {
    static PosixServiceManager manager;
    return manager;
}

}  // namespace servicekit::os

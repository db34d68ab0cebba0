#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "os/descriptor.hpp"
#include "os/passed_by_manager.hpp"
#include "servicekit/os/service_manager.hpp"

namespace servicekit::os {
namespace {

constexpr timeval longest_send{.tv_sec = 1, .tv_usec = 0};
constexpr const char* notify_action = "notify the service manager at";

/// An address as $NOTIFY_SOCKET gives it: a path, or `@NAME` in the abstract namespace.
class NotifyAddress {
public:
    static Result<NotifyAddress> of(const std::string& text) {
        NotifyAddress address;
        if (text.size() < 2 || (text.front() != '/' && text.front() != '@'))
            return os_error(notify_action, text, EAFNOSUPPORT);
        // A name of the abstract namespace has no zero byte at its end, and so has room for one byte more.
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

// Not connected: a manager that executes itself anew binds another socket at the same address.
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
#ifdef SERVICEKIT_HAS_LIBSYSTEMD
        return take_listen_sockets_by_libsystemd();
#else
        return take_listen_sockets_by_ourselves();
#endif
    }

    // Not by sd_notify(3), which finds the address in the environment each time, where children find it too.
    Result<std::unique_ptr<NotifySocket>> take_notify_socket() override {
        const char* const value = std::getenv("NOTIFY_SOCKET");
        if (value == nullptr || *value == '\0') return std::unique_ptr<NotifySocket>{};
        const std::string text = value;
        ::unsetenv("NOTIFY_SOCKET");
        const auto address = NotifyAddress::of(text);
        if (!address) return address.error();
        Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &longest_send, sizeof longest_send) != 0)
            return os_error(notify_action, text, errno);
        return std::unique_ptr<NotifySocket>{new PosixNotifySocket{std::move(socket), *address, text}};
    }

    std::optional<std::chrono::microseconds> take_watchdog() override {
#ifdef SERVICEKIT_HAS_LIBSYSTEMD
        return take_watchdog_by_libsystemd();
#else
        return take_watchdog_by_ourselves();
#endif
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

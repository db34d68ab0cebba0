#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "os/deadline.hpp"
#include "os/descriptor.hpp"
#include "os/sockets/local_address.hpp"
#include "os/uninterrupted.hpp"
#include "servicekit/os/message_sockets.hpp"

namespace servicekit::os {
namespace {

using State = Transfer::State;

constexpr const char* connect_action = "connect to";
/// The kernel grants as much of it as it allows. It limits the size of a message and of the unread messages.
constexpr int wanted_buffer = 8 << 20;

Transfer failed(int errno_value) { return {.state = State::failed, .errno_value = errno_value}; }

bool is_no_room(int errno_value) { return errno_value == EAGAIN || errno_value == EWOULDBLOCK; }

/// Creates a sealed file in memory with the text, so that the receiver can rely on its content.
Result<Descriptor> sealed_file(std::string_view text) {
    constexpr const char* making = "make a file in memory";
    Descriptor file{::memfd_create("servicekit-message", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    if (!file) return os_error(making, "", errno);
    if (!write_whole(file.get(), text)) return os_error(making, "", errno);
    constexpr int all_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    if (::fcntl(file.get(), F_ADD_SEALS, all_seals) != 0) return os_error(making, "", errno);
    return file;
}

class PosixMessageSocket final : public MessageSocket {
public:
    PosixMessageSocket(Descriptor socket, Kind kind) : socket_{std::move(socket)}, kind_{kind} {}

    Kind kind() const override { return kind_; }

    Transfer send(std::string_view message, std::chrono::milliseconds at_most) override {
        // The cast is needed for the type alone: sendmsg(2) does not change the message.
        iovec part{.iov_base = const_cast<char*>(message.data()),  // NOLINT(cppcoreguidelines-pro-type-const-cast)
                   .iov_len = message.size()};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        return send(header, at_most);
    }

    Transfer send_in_file(std::string_view message, std::chrono::milliseconds at_most) override {
        const auto file = sealed_file(message);
        if (!file) return failed(file.error().errno_value);
        const int number = file->get();
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof number)> control{};
        msghdr header{};
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        cmsghdr* const passed = CMSG_FIRSTHDR(&header);
        passed->cmsg_level = SOL_SOCKET;
        passed->cmsg_type = SCM_RIGHTS;
        passed->cmsg_len = CMSG_LEN(sizeof number);
        std::memcpy(CMSG_DATA(passed), &number, sizeof number);
        return send(header, at_most);
    }

private:
    Transfer send(const msghdr& header, std::chrono::milliseconds at_most) {
        const Deadline deadline{at_most};
        for (;;) {
            const ssize_t count = ::sendmsg(socket_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count >= 0) return {.bytes = static_cast<std::size_t>(count)};
            if (errno == EINTR) continue;
            if (errno == EPIPE) return {.state = State::closed, .errno_value = EPIPE};
            if (!is_no_room(errno)) return failed(errno);
            if (deadline.passed()) return {.state = State::would_block, .errno_value = EAGAIN};
            pollfd writable{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
            static_cast<void>(::poll(&writable, 1, deadline.poll_timeout()));
        }
    }

    Descriptor socket_;
    Kind kind_;
};

class PosixMessageSockets final : public MessageSockets {
public:
    Result<std::unique_ptr<MessageSocket>> connect(const std::string& path) override {
        const auto address = LocalAddress::of(connect_action, path);
        if (!address) return address.error();
        for (const auto kind : {MessageSocket::Kind::datagram, MessageSocket::Kind::stream}) {
            const bool is_datagram = kind == MessageSocket::Kind::datagram;
            const int type = (is_datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
            Descriptor socket{::socket(AF_UNIX, type, 0)};
            if (!socket) return os_error(connect_action, path, errno);
            // A smaller buffer suffices, too.
            static_cast<void>(::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &wanted_buffer, sizeof wanted_buffer));
            if (::connect(socket.get(), address->get(), LocalAddress::size()) == 0)
                return std::unique_ptr<MessageSocket>{std::make_unique<PosixMessageSocket>(std::move(socket), kind)};
            // EPROTOTYPE: the socket at the path is of the other type.
            if (errno != EPROTOTYPE || !is_datagram) return os_error(connect_action, path, errno);
        }
        return os_error(connect_action, path, EPROTOTYPE);
    }
};

}  // namespace

MessageSockets& posix_message_sockets() {
    static PosixMessageSockets sockets;
    return sockets;
}

}  // namespace servicekit::os

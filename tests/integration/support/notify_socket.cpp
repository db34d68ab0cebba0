#include "integration/support/notify_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "integration/support/process.hpp"
#include "integration/support/readable.hpp"

namespace servicekit::test {
namespace {

os::Descriptor bind_to(const std::string& address) {
    os::Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    const bool is_path = address.front() == '/';
    std::memcpy(name.sun_path, address.data(), address.size());
    if (!is_path) name.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (is_path ? 1 : 0));
    const int on = 1;
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0)
        throw std::system_error{errno, std::generic_category(), "bind " + address};
    return socket;
}

}  // namespace

bool Notification::has(std::string_view line) const {
    return ("\n" + text + "\n").find("\n" + std::string{line} + "\n") != std::string::npos;
}

std::string Notification::value_of(std::string_view variable) const {
    const std::string lines = "\n" + text + "\n";
    const std::string name = "\n" + std::string{variable} + "=";
    const auto found = lines.find(name);
    if (found == std::string::npos) return {};
    const auto begin = found + name.size();
    return lines.substr(begin, lines.find('\n', begin) - begin);
}

NotifySocket::NotifySocket(std::string address) : address_{std::move(address)}, socket_{bind_to(address_)} {}

std::optional<Notification> NotifySocket::next(std::chrono::milliseconds at_most) {
    if (!is_readable(socket_.get(), at_most)) return std::nullopt;
    std::array<char, 4096> buffer{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (size < 0) throw std::system_error{errno, std::generic_category(), "recvmsg"};
    Notification notification{.text = {buffer.data(), static_cast<std::size_t>(size)}};
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message);
        header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS) {
        ucred sender{};
        std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
        notification.sender = sender.pid;
    }
    seen_.push_back(notification);
    return notification;
}

Notification NotifySocket::await(std::string_view beginning_of_line) {
    const std::string wanted = "\n" + std::string{beginning_of_line};
    while (auto notification = next(patience))
        if (("\n" + notification->text).find(wanted) != std::string::npos) return *std::move(notification);
    throw std::runtime_error{"nobody has told " + std::string{beginning_of_line}};
}

void NotifySocket::drain() {
    while (next(std::chrono::milliseconds{0})) {
    }
}

}  // namespace servicekit::test

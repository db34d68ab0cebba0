#include "integration/support/message_receiver.hpp"

#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "integration/support/process.hpp"
#include "integration/support/readable.hpp"

namespace servicekit::test {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error{errno, std::generic_category(), what}; }

}  // namespace

MessageReceiver::MessageReceiver(std::string path, int type)
    : path_{std::move(path)}, socket_{::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)} {
    ::unlink(path_.c_str());
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    if (path_.size() >= sizeof address.sun_path) throw std::runtime_error{"too long: " + path_};
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind " + path_);
    if (type == SOCK_STREAM && ::listen(socket_.get(), 1) != 0) fail("listen at " + path_);
}

void MessageReceiver::accept() {
    connection_.reset(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection_) fail("accept at " + path_);
}

MessageReceiver::Message MessageReceiver::next() {
    auto message = next_within(patience);
    if (!message) throw std::runtime_error{"nothing came to " + path_};
    return std::move(*message);
}

std::optional<MessageReceiver::Message> MessageReceiver::next_within(std::chrono::milliseconds at_most) {
    const int from = connection_ ? connection_.get() : socket_.get();
    if (!is_readable(from, at_most)) return std::nullopt;
    std::vector<char> buffer(1U << 20U);
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(from, &header, MSG_CMSG_CLOEXEC);
    if (size < 0) fail("recvmsg at " + path_);
    Message message{.text = {buffer.data(), static_cast<std::size_t>(size)}};
    if (const cmsghdr* passed = CMSG_FIRSTHDR(&header);
        passed != nullptr && passed->cmsg_level == SOL_SOCKET && passed->cmsg_type == SCM_RIGHTS) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(passed), sizeof descriptor);
        message.file.reset(descriptor);
    }
    return message;
}

std::string MessageReceiver::content_of(const Message& message) {
    if (!message.file) return message.text;
    std::string text;
    std::array<char, 65536> buffer{};
    for (off_t at = 0;;) {
        const ssize_t count = ::pread(message.file.get(), buffer.data(), buffer.size(), at);
        if (count <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(count));
        at += count;
    }
}

}  // namespace servicekit::test

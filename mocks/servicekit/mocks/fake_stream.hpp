#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/base/peer.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit::mocks {

/// Two connected stream sockets in memory, as in unix(7). Each direction holds a limited number of unread bytes. A
/// socket that is closed with bytes unread resets the other one.
class FakeStream {
public:
    enum class End : std::size_t { server, client };
    [[nodiscard]] static End other(End end) noexcept { return end == End::server ? End::client : End::server; }

    FakeStream(Peer server, Peer client, std::size_t capacity);

    os::Transfer receive(End end, std::span<char> buffer);
    os::Transfer send(End end, std::string_view bytes);
    /// Sends all bytes, like a sender that waits: what does not fit follows as the other end reads.
    void send_all(End end, std::string_view bytes);
    void shut_down_sending(End end);
    void close(End end);
    /// Calls `callback` once, from within the send() that brings something for this end.
    void when_something_comes(End end, std::function<void()> callback) {
        socket(end).when_something_comes = std::move(callback);
    }

    [[nodiscard]] bool is_readable(End end) const;
    [[nodiscard]] bool is_writable(End end) const;
    [[nodiscard]] bool is_closed(End end) const { return socket(end).closed; }
    /// Returns true if nothing more will arrive for this end, and everything was read.
    [[nodiscard]] bool is_at_end(End end) const;
    /// Returns true if the other end was closed before it had read everything.
    [[nodiscard]] bool was_reset(End end) const { return socket(end).reset; }
    [[nodiscard]] std::size_t unread(End end) const { return socket(end).inbox.size(); }
    [[nodiscard]] const Peer& who(End end) const { return socket(end).who; }

private:
    struct Socket {
        Peer who;
        std::string inbox = {};  ///< arrived, but not read yet
        std::function<void()> when_something_comes = {};
        std::string following = {};  ///< sent by the other end, but does not fit yet
        bool sending_ended = false;
        bool closed = false;
        bool reset = false;
        bool reset_told = false;
    };
    [[nodiscard]] Socket& socket(End end) { return sockets_.at(static_cast<std::size_t>(end)); }
    [[nodiscard]] const Socket& socket(End end) const { return sockets_.at(static_cast<std::size_t>(end)); }
    [[nodiscard]] std::size_t room(const Socket& goal) const;
    void let_follow(Socket& goal);

    std::size_t capacity_;
    std::array<Socket, 2> sockets_;
};

}  // namespace servicekit::mocks

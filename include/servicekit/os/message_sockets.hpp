#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/transfer.hpp"

namespace servicekit::os {

/// A socket in the unix domain by which messages go one way, to whoever listened at its address when it was connected.
/// Close-on-exec. By one thread at a time.
class MessageSocket {
public:
    enum class Kind {
        datagram,  ///< a message arrives whole or not at all
        stream,    ///< bytes one after the other: whoever sends marks where a message ends
    };

    virtual ~MessageSocket() = default;
    [[nodiscard]] virtual Kind kind() const = 0;
    /// Waits for room no longer than that. Raises no SIGPIPE. Async-signal-safe.
    /// \returns for a datagram all or nothing; failed with EMSGSIZE or ENOBUFS where it is too long for one
    virtual Transfer send(std::string_view message, std::chrono::milliseconds at_most) = 0;
    /// Sends, with an empty message, the descriptor of a file in memory that holds the message and can't be changed any
    /// more: for one that is too long for a datagram.
    virtual Transfer send_in_file(std::string_view message, std::chrono::milliseconds at_most) = 0;
};

class MessageSockets {
public:
    virtual ~MessageSockets() = default;
    /// Of the kind that the socket has which is bound to the path. Does not wait for whoever should accept a stream.
    virtual Result<std::unique_ptr<MessageSocket>> connect(const std::string& path) = 0;
};

[[nodiscard]] MessageSockets& posix_message_sockets();

}  // namespace servicekit::os

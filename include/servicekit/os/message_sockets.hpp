#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/transfer.hpp"

namespace servicekit::os {

/// A unix socket for sending messages to the process that listened at its address when it was connected. It is
/// close-on-exec. Only one thread at a time may use it.
class MessageSocket {
public:
    /// How messages are delivered.
    enum class Kind {
        datagram,  ///< a message is delivered whole or not at all
        stream,    ///< a sequence of bytes; the sender marks the end of each message
    };

    virtual ~MessageSocket() = default;
    /// How messages are delivered.
    [[nodiscard]] virtual Kind kind() const = 0;
    /// Sends a message. Waits at most that time for room. Does not raise SIGPIPE. Async-signal-safe.
    /// \returns for a datagram all or nothing; failed with EMSGSIZE or ENOBUFS if the message is too long for one
    virtual Transfer send(std::string_view message, std::chrono::milliseconds at_most) = 0;
    /// Sends an empty message with the descriptor of a file in memory. The file holds the message and cannot be
    /// changed. For messages that are too long for a datagram.
    virtual Transfer send_in_file(std::string_view message, std::chrono::milliseconds at_most) = 0;
};

/// Unix sockets for messages, by path.
class MessageSockets {
public:
    virtual ~MessageSockets() = default;
    /// Connects to the socket at the path; the result has its kind. Does not wait for a stream to be accepted.
    virtual Result<std::unique_ptr<MessageSocket>> connect(const std::string& path) = 0;
};

/// Returns the real implementation.
[[nodiscard]] MessageSockets& posix_message_sockets();

}  // namespace servicekit::os

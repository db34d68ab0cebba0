#pragma once

#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>

#include "os/descriptor.hpp"

namespace servicekit::test {

/// Receives messages on a socket in the unix domain, as journald and syslogd do.
class MessageReceiver {
public:
    struct Message {
        std::string text = {};
        os::Descriptor file = {};  ///< the file that was passed with it, if any
    };

    /// \param type SOCK_DGRAM or SOCK_STREAM
    /// \throws std::system_error if it can't be bound
    MessageReceiver(std::string path, int type);

    /// Waits for a client to connect to a stream socket.
    void accept();
    void hang_up() { connection_.reset(); }
    /// Waits for a message. On a stream, returns what has arrived by then.
    /// \throws std::runtime_error if none arrives
    Message next();
    /// \returns nothing if none arrives in that time
    std::optional<Message> next_within(std::chrono::milliseconds at_most);
    [[nodiscard]] static std::string content_of(const Message& message);

private:
    std::string path_;
    os::Descriptor socket_;
    os::Descriptor connection_;
};

}  // namespace servicekit::test

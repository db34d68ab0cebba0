#pragma once

#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>

#include "os/descriptor.hpp"

namespace servicekit::test {

/// Takes messages at a socket in the unix domain, as journald and syslogd do.
class MessageReceiver {
public:
    struct Message {
        std::string text = {};
        os::Descriptor file = {};  ///< that came with it, if any
    };

    /// \param type SOCK_DGRAM or SOCK_STREAM
    /// \throws std::system_error where it can't be bound
    MessageReceiver(std::string path, int type);

    /// On a stream: waits for who connects.
    void accept();
    void hang_up() { connection_.reset(); }
    /// Waits for it; on a stream, what has come by then.
    /// \throws std::runtime_error where none comes
    Message next();
    /// \returns nothing where none comes in that time
    std::optional<Message> next_within(std::chrono::milliseconds at_most);
    [[nodiscard]] static std::string content_of(const Message& message);

private:
    std::string path_;
    os::Descriptor socket_;
    os::Descriptor connection_;
};

}  // namespace servicekit::test

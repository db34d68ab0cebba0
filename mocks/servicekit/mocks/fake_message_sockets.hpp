#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/message_sockets.hpp"

namespace servicekit::mocks {

/// Receivers of messages, in memory, by the path that they are bound to; none at first. No time passes: a full socket
/// stays full however long a sender waits. For one thread at a time.
class FakeMessageSockets final : public os::MessageSockets {
public:
    using Kind = os::MessageSocket::Kind;

    struct Message {
        std::string text;
        bool came_in_file = false;
    };

    Result<std::unique_ptr<os::MessageSocket>> connect(const std::string& path) override;

    /// For `connect`, `send` and `send_in_file`; the object is the path.
    FakeFailures& failures() noexcept { return machine_->failures; }

    /// Listens at the path. Clients of an earlier listener are not connected to this one.
    void listen(const std::string& path, Kind kind = Kind::datagram);
    /// Stops listening and removes the socket.
    void close(const std::string& path);
    /// Sets how many bytes fit before the receiver reads; nothing: it always reads.
    void limit(const std::string& path, std::optional<std::size_t> bytes);
    /// Sets the longest datagram.
    void set_longest(std::size_t bytes) noexcept { machine_->longest = bytes; }

    /// Returns all messages to the path, including those to earlier listeners. For a stream, returns the pieces as
    /// they were sent.
    [[nodiscard]] std::vector<Message> messages(const std::string& path) const;
    /// Returns their texts, concatenated.
    [[nodiscard]] std::string text(const std::string& path) const;
    [[nodiscard]] unsigned connections() const noexcept { return machine_->connections; }
    /// Returns how long the last send would have waited.
    [[nodiscard]] std::chrono::milliseconds last_patience() const noexcept { return machine_->last_patience; }

private:
    class Socket;
    struct Receiver {
        Kind kind;
        std::optional<std::size_t> room = {};
        bool is_closed = false;
    };
    struct Machine {
        FakeFailures failures{"connect", "send", "send_in_file"};
        std::map<std::string, std::shared_ptr<Receiver>> receivers = {};
        std::map<std::string, std::vector<Message>> messages = {};
        std::size_t longest = 212'960;  ///< what fits into a usual send buffer
        unsigned connections = 0;
        std::chrono::milliseconds last_patience{};
    };

    std::shared_ptr<Machine> machine_ = std::make_shared<Machine>();
};

}  // namespace servicekit::mocks

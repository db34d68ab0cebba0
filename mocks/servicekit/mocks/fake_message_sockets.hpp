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

/// Receivers of messages, in memory, by the path that each is bound to. At first there are none.
/// No time goes by: a socket without room has none however long it is waited for. By one thread at a time.
class FakeMessageSockets final : public os::MessageSockets {
public:
    using Kind = os::MessageSocket::Kind;

    struct Message {
        std::string text;
        bool came_in_file = false;
    };

    Result<std::unique_ptr<os::MessageSocket>> connect(const std::string& path) override;

    /// `connect`, `send` and `send_in_file`, by the path.
    FakeFailures& failures() noexcept { return machine_->failures; }

    /// Somebody listens at the path from now on. Whoever was connected to one before is not to this one.
    void listen(const std::string& path, Kind kind = Kind::datagram);
    /// Nobody does any more, and there is no socket.
    void close(const std::string& path);
    /// So many bytes fit before it reads; nothing: it reads whatever comes.
    void limit(const std::string& path, std::optional<std::size_t> bytes);
    /// The longest datagram.
    void set_longest(std::size_t bytes) noexcept { machine_->longest = bytes; }

    /// What came to the path, whoever listened there; on a stream each of the pieces in which it was sent.
    [[nodiscard]] std::vector<Message> messages(const std::string& path) const;
    /// Their texts, one after the other.
    [[nodiscard]] std::string text(const std::string& path) const;
    [[nodiscard]] unsigned connections() const noexcept { return machine_->connections; }
    /// How long the last send would have waited.
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

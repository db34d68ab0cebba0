#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policies/log/crash_line.hpp"
#include "policies/log/loss_counts.hpp"
#include "policies/log/timed_mutex.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/message_sockets.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// Sends the records of a log as messages to a local daemon (journald or syslogd), which may be slow, gone, or replaced
/// by another one. When write() returns, the record is in the kernel or counted as lost. Before the next record that
/// can be sent, a message reports the number of lost records and the reason. Thread-safe.
class MessageOutput {
public:
    struct Plan {
        std::string path = {};
        std::chrono::milliseconds patience{};     ///< how long a message waits for room
        std::chrono::milliseconds retry_after{};  ///< pause before the next attempt to connect
        /// Appends the record as a message, with its terminator on a stream.
        std::function<void(std::string& out, const LogRecord& record, os::MessageSocket::Kind kind)> render = {};
        /// Most bytes in a message beside the record: CrashLine::prepare()
        std::size_t head = 0;
        /// Sends a message that is too long for a datagram. The result reports if it cannot be sent at all.
        std::function<os::Transfer(os::MessageSocket& socket, const std::string& message)> send_long = {};
        /// Writes a record that cannot be sent now. \returns true if it was written
        std::function<bool(const LogRecord& record)> instead = {};
    };

    MessageOutput(os::MessageSockets& sockets, const os::Clock& clock) : sockets_{&sockets}, clock_{&clock} {}

    /// Accepts records from now on; earlier ones are dropped.
    void open(Plan plan);
    void write(const LogRecord& record) noexcept;
    [[nodiscard]] const LossCounts& losses() const noexcept { return losses_; }
    /// Async-signal-safe. \returns true if it was sent
    bool write_at_crash(const LogRecord& record) noexcept;
    /// Drops records from now on, and waits at most `at_most` until the last one is sent.
    void close(std::chrono::milliseconds at_most) noexcept;

private:
    /// The following are called with the lock held.
    void put(const LogRecord& record);
    [[nodiscard]] bool deliver(const LogRecord& record);
    [[nodiscard]] bool send(const LogRecord& record);
    [[nodiscard]] bool send_rest();
    /// \returns the number of bytes sent. Async-signal-safe.
    [[nodiscard]] std::size_t send_some(std::string_view text) noexcept;
    [[nodiscard]] bool connect();
    [[nodiscard]] bool told_losses(std::chrono::system_clock::time_point time);
    void note_failure(int errno_value);
    void count_loss(Loss why) noexcept;

    os::MessageSockets* sockets_;
    const os::Clock* clock_;
    Plan plan_;
    std::atomic<bool> open_{false};
    std::atomic<std::uint64_t> lost_{0};  ///< records that are not yet reported as lost
    LossCounts losses_;
    CrashLine crash_line_;

    TimedMutex mutex_;  // guards what follows
    std::unique_ptr<os::MessageSocket> socket_;
    std::optional<std::chrono::steady_clock::time_point> refused_at_;
    std::string message_;         ///< kept to reuse its memory
    std::string rest_;            ///< the rest of a message that a stream took in part
    std::string_view last_rest_;  ///< the same for crash lines; points into `crash_line_` and is sent after `rest_`
    bool stuck_ = false;          ///< the last message was not sent in time
    std::string loss_reason_;
    Loss loss_ = Loss::error;  ///< the kind of the reason
};

}  // namespace servicekit::policies

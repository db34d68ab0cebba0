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
#include "policies/log/timed_mutex.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/message_sockets.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// The records of a log as messages to a local daemon, journald or syslogd, which may be slow, gone, or another one than
/// before. Each is in the kernel when write() returns, or counted as lost; once one can be sent again, the one before it
/// says how many were lost and why. Thread-safe.
class MessageOutput {
public:
    struct Plan {
        std::string path = {};
        std::chrono::milliseconds patience{};     ///< how long a message waits for room
        std::chrono::milliseconds retry_after{};  ///< until somebody who was not there is looked for again
        /// Appends the record as a message, with what ends it on a stream.
        std::function<void(std::string& out, const LogRecord& record, os::MessageSocket::Kind kind)> render = {};
        /// How much may stand in a message beside the record: CrashLine::prepare()
        std::size_t head = 0;
        /// For a message that is too long for a datagram. \returns nothing where it can't be sent in any way
        std::function<os::Transfer(os::MessageSocket& socket, const std::string& message)> send_long = {};
        /// For a record that can't be sent now. \returns whether it took it
        std::function<bool(const LogRecord& record)> instead = {};
    };

    MessageOutput(os::MessageSockets& sockets, const os::Clock& clock) : sockets_{&sockets}, clock_{&clock} {}

    /// Lets records in; before, they are dropped.
    void open(Plan plan);
    void write(const LogRecord& record) noexcept;
    /// Async-signal-safe. \returns whether it is sent
    bool write_at_crash(const LogRecord& record) noexcept;
    /// Drops records from here on, and waits until the last one is sent, but for `at_most`.
    void close(std::chrono::milliseconds at_most) noexcept;

private:
    /// All of it with the lock.
    void put(const LogRecord& record);
    [[nodiscard]] bool deliver(const LogRecord& record);
    [[nodiscard]] bool send(const LogRecord& record);
    [[nodiscard]] bool send_rest();
    /// \returns how much of it was sent. Async-signal-safe.
    [[nodiscard]] std::size_t send_some(std::string_view text) noexcept;
    [[nodiscard]] bool connect();
    [[nodiscard]] bool told_losses(std::chrono::system_clock::time_point time);
    void note_failure(int errno_value);

    os::MessageSockets* sockets_;
    const os::Clock* clock_;
    Plan plan_;
    std::atomic<bool> open_{false};
    std::atomic<std::uint64_t> lost_{0};
    CrashLine crash_line_;

    TimedMutex mutex_;  // guards what follows
    std::unique_ptr<os::MessageSocket> socket_;
    std::optional<std::chrono::steady_clock::time_point> refused_at_;
    std::string message_;         ///< kept for its memory
    std::string rest_;            ///< of a message of which a stream took a part
    std::string_view last_rest_;  ///< the same of crash lines; `crash_line_` has it, and it comes after `rest_`
    bool stuck_ = false;          ///< the last one waited in vain
    std::string loss_reason_;
};

}  // namespace servicekit::policies

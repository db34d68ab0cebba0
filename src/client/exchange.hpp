#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit {

/// One request and the lines that answer it, over a connection of its owner's, until a point in time.
class Exchange {
public:
    using Deadline = std::optional<std::chrono::steady_clock::time_point>;

    static constexpr std::size_t longest_line = std::size_t{64} << 20U;

    Exchange(os::LocalConnection& connection, const os::Clock& clock, Deadline deadline)
        : connection_{connection}, clock_{clock}, deadline_{deadline} {}

    /// Errors carry a reason only: their owner knows what was tried, and on what.
    Result<void> send(std::string_view request);
    /// The next line, without its newline and without the spaces that the service sends to keep the peer waiting.
    Result<std::string> receive_line();
    /// Whether nothing but white space came after the last line.
    [[nodiscard]] bool is_drained() const noexcept;

private:
    /// \returns nothing where the time is up.
    [[nodiscard]] std::optional<std::chrono::milliseconds> time_left() const;
    Result<void> receive_more();

    os::LocalConnection& connection_;
    const os::Clock& clock_;
    Deadline deadline_;
    std::string unread_;
};

}  // namespace servicekit

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit {

/// One request and the lines that answer it, over a connection of its owner's, until a point in time.
class RequestConnection {
public:
    using Deadline = std::optional<std::chrono::steady_clock::time_point>;

    static constexpr std::size_t longest_line = std::size_t{64} << 20U;

    /// \param is_given_up asked while it waits; may be empty
    RequestConnection(os::LocalConnection& connection, const os::Clock& clock, Deadline deadline,
                      std::function<bool()> is_given_up = {})
        : connection_{connection}, clock_{clock}, deadline_{deadline}, is_given_up_{std::move(is_given_up)} {}

    /// Errors carry a reason only: their owner knows what was tried, and on what.
    Result<void> send(std::string_view request);
    /// The next line, without its newline and without the spaces that the service sends to keep the peer waiting.
    Result<std::string> receive_line();
    /// Whether nothing but white space came after the last line.
    [[nodiscard]] bool is_drained() const noexcept;

private:
    /// How long to wait at most before it is asked again. \returns an error where the time is up, or it was given up.
    [[nodiscard]] Result<std::chrono::milliseconds> time_left() const;
    Result<void> receive_more();

    os::LocalConnection& connection_;
    const os::Clock& clock_;
    Deadline deadline_;
    std::function<bool()> is_given_up_;
    std::string unread_;
};

}  // namespace servicekit

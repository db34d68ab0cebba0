#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/client.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit {

/// One call over a connection, from its request to its outcome. It never blocks.
class Exchange {
public:
    using Outcome = Result<Object, CallError>;

    static constexpr std::size_t longest_line = std::size_t{64} << 20U;

    /// \param path of the socket, for messages
    /// \param options `timeout` is the time that is left; `is_given_up` is not called
    /// \param longest limit of a line in bytes; a longer one ends the call with EMSGSIZE, and is not parsed
    /// \pre the arguments can be expressed in JSON
    Exchange(std::unique_ptr<os::LocalConnection> connection, std::string path, std::string event, Object arguments,
             CallOptions options, std::size_t longest = longest_line);

    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    /// Sends and receives as much as is possible without blocking, and calls the callbacks of the options. Passes on
    /// what they throw.
    /// \returns nothing if the call is not over yet
    [[nodiscard]] std::optional<Outcome> advance();
    /// Returns true if advance() has stopped before it had read all that there is. Call it again without waiting.
    [[nodiscard]] bool is_behind() const noexcept { return is_behind_; }
    /// Returns true if it waits until the connection is writable, false if it waits until it is readable.
    [[nodiscard]] bool wants_to_send() const noexcept { return !unsent_.empty(); }
    [[nodiscard]] os::LocalConnection& connection() noexcept { return *connection_; }
    /// \returns the connection if it can be used for another call, otherwise null
    /// \pre advance() has returned the outcome
    [[nodiscard]] std::unique_ptr<os::LocalConnection> take_connection() noexcept;

    /// Returns an error of this call. \param cause only its code, reason and errno are used
    [[nodiscard]] CallError failed(const Error& cause) const;

private:
    void prepare_request();
    void send();
    /// \returns the next line, without its newline and without the spaces that the service sends to keep the connection
    ///          alive; nothing if no whole line has arrived yet
    [[nodiscard]] Result<std::optional<std::string>> next_line();
    /// \returns the outcome; nothing for a line of progress
    [[nodiscard]] std::optional<Outcome> read(const std::string& line);

    std::unique_ptr<os::LocalConnection> connection_;
    std::string path_;
    std::string event_;
    Object arguments_;
    CallOptions options_;
    std::string request_;
    std::string_view unsent_;
    std::optional<Error> send_failure_;  ///< the service may still have sent a reason
    std::string unread_;
    std::size_t longest_;
    unsigned receives_left_ = 0;
    bool is_behind_ = false;
    std::size_t searched_ = 0;  ///< bytes of unread_ that have no newline
};

/// Returns an error of a call. \param cause only its code, reason and errno are used
[[nodiscard]] CallError call_failure(std::string_view event, const std::string& path, const Error& cause);
/// \returns an error if the arguments cannot be expressed in JSON
[[nodiscard]] std::optional<Error> refuse_arguments(std::string_view event, const Object& arguments);

}  // namespace servicekit

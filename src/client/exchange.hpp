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

/// One call, from its request to its outcome, over a connection. It never waits.
class Exchange {
public:
    using Outcome = Result<Object, CallError>;

    static constexpr std::size_t longest_line = std::size_t{64} << 20U;

    /// \param path of the socket, for messages
    /// \param options `timeout` is what is left of the time; is_given_up is not asked
    /// \pre the arguments have a form in JSON
    Exchange(std::unique_ptr<os::LocalConnection> connection, std::string path, std::string event, Object arguments,
             CallOptions options);

    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    /// Sends and receives as much as can be now, and calls the functions of the options. What they throw leaves this.
    /// \returns nothing if it is not over yet
    [[nodiscard]] std::optional<Outcome> advance();
    /// Whether the connection is awaited to be writable, else readable.
    [[nodiscard]] bool wants_to_send() const noexcept { return !unsent_.empty(); }
    [[nodiscard]] os::LocalConnection& connection() noexcept { return *connection_; }
    /// \returns the connection if it can be used for another call, else null
    /// \pre advance() has returned the outcome
    [[nodiscard]] std::unique_ptr<os::LocalConnection> take_connection() noexcept;

    /// An error of this call, whose cause has a reason only.
    [[nodiscard]] CallError failed(const Error& cause) const;

private:
    void prepare_request();
    void send();
    /// \returns the next line, without its newline and without the spaces that the service sends to keep the peer waiting;
    ///          nothing if it has not come yet
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
    std::optional<Error> send_failure_;  ///< the service may still have said why
    std::string unread_;
    std::size_t searched_ = 0;  ///< bytes of unread_ that have no newline
};

/// An error of a call that was not sent, whose cause has a reason only.
[[nodiscard]] CallError call_failure(std::string_view event, const std::string& path, const Error& cause);
/// \returns why the arguments can't be sent, if JSON has no form for them
[[nodiscard]] std::optional<Error> refuse_arguments(std::string_view event, const Object& arguments);

}  // namespace servicekit

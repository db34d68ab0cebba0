#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/value.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit::test {

/// A client of a control socket without a protocol: it sends bytes and reads what arrives, so it can behave badly. A
/// wait that takes too long throws std::runtime_error.
class RawClient {
public:
    explicit RawClient(const std::string& socket_path);

    /// \throws std::runtime_error if the service accepts no more
    void send(std::string_view bytes);
    /// Closes the sending side, which the service notices.
    void finish_sending() { connection_->shut_down_sending(); }
    void close() { connection_.reset(); }

    /// Returns the next line without its newline.
    std::string line();
    /// Returns the next line as an object.
    Object reply();
    /// Returns all output until the service closes the connection.
    std::string rest();
    /// Returns true if there is output or the connection is closed.
    [[nodiscard]] bool has_output() { return !unread_.empty() || connection_->wait_until_readable({}); }

private:
    /// \returns false at the end
    bool receive();

    std::unique_ptr<os::LocalConnection> connection_;
    std::string unread_;
};

/// Returns the error object of a reply that contains only an error.
/// \throws std::runtime_error for any other reply
[[nodiscard]] const Object& error_in(const Object& reply);
/// Parses the text as a JSON object. \throws std::runtime_error if it is not one
[[nodiscard]] Object object_in(std::string_view text);
/// Parses each line as a JSON object.
[[nodiscard]] std::vector<Object> objects_in(const std::string& lines);
/// Returns the text under the key; empty if there is none.
[[nodiscard]] std::string text_in(const Object& object, std::string_view key);

}  // namespace servicekit::test

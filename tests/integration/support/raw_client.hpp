#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/value.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit::test {

/// A client of a control socket that knows nothing of the protocol: sends bytes, takes what comes, and may be as rude
/// as it likes. Whatever does not come in time is thrown as std::runtime_error.
class RawClient {
public:
    explicit RawClient(const std::string& socket_path);

    /// \throws std::runtime_error where the service takes no more
    void send(std::string_view bytes);
    /// Nothing more will be sent, which the service sees.
    void finish_sending() { connection_->shut_down_sending(); }
    void close() { connection_.reset(); }

    /// The next line, without its end.
    std::string line();
    /// The next line as the object that it is.
    Object reply();
    /// All that comes until the service closes the connection.
    std::string rest();
    /// Whether anything is there, or the connection is closed.
    [[nodiscard]] bool has_output() { return !unread_.empty() || connection_->wait_until_readable({}); }

private:
    /// \returns false at the end
    bool receive();

    std::unique_ptr<os::LocalConnection> connection_;
    std::string unread_;
};

/// The error object of a reply that is nothing else.
/// \throws std::runtime_error where it is not
[[nodiscard]] const Object& error_in(const Object& reply);
/// The JSON object that the text is. \throws std::runtime_error if it is not one
[[nodiscard]] Object object_in(std::string_view text);
/// The JSON object of each line.
[[nodiscard]] std::vector<Object> objects_in(const std::string& lines);
/// The text under the key; empty where there is none.
[[nodiscard]] std::string text_in(const Object& object, std::string_view key);

}  // namespace servicekit::test

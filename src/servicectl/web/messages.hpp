#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace servicekit::servicectl::web {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A request of a browser or a script.
struct Request {
    std::string method = "GET";
    std::string target = "/";  ///< with the query, as it was sent
    Headers headers = {};
    std::string body = {};
    std::string client = {};  ///< the address that it came from; empty for a unix socket

    /// Returns the value of a header; nothing if it is missing. A header that was sent twice counts once, with the first
    /// value. \param name in lower or upper case
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
    /// Returns the number of headers of this name.
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
    /// Returns the value of a cookie; empty if it is missing.
    [[nodiscard]] std::string_view cookie(std::string_view name) const noexcept;
};

/// The answer to a request.
struct Response {
    unsigned status = 200;
    std::string type = "text/html; charset=utf-8";
    std::string body = {};
    Headers headers = {};  ///< besides those of the type and the length
};

/// The messages of a stream of server-sent events. Each has the newest state when it is sent, so a slow reader gets
/// fewer messages, and none waits for it. All functions are for the thread of the server.
class Feed {
public:
    virtual ~Feed() = default;
    /// Returns the messages that are new since the last call, as they are sent; empty if there are none.
    [[nodiscard]] virtual std::string next() = 0;
    /// Returns true if the stream ends when the messages so far are sent.
    [[nodiscard]] virtual bool is_over() const = 0;
    /// Sets a function that is called when there may be news. It may be called at any time until the feed is destroyed,
    /// but not from within next().
    virtual void on_news(std::function<void()> call) = 0;
};

using Reply = std::variant<Response, std::unique_ptr<Feed>>;
/// Takes the reply to a request. Called once, now or later, on the thread of the server.
using OnReply = std::function<void(Reply)>;

/// Answers requests.
class Handler {
public:
    virtual ~Handler() = default;
    virtual void handle(Request request, OnReply on_reply) = 0;
};

/// Returns true if two texts differ at most in the case of ASCII letters.
[[nodiscard]] bool equals_ignoring_case(std::string_view one, std::string_view other) noexcept;
/// Returns the text without spaces and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;
/// Returns the parts between the separators, trimmed.
[[nodiscard]] std::vector<std::string_view> parts_of(std::string_view text, char separator);

/// Returns all headers of a response except those of its length and its connection. They forbid what the pages do not
/// need: scripts and styles of other places, frames, and copies in a cache.
[[nodiscard]] Headers headers_of(const Response& response);
/// Returns the same for a stream.
[[nodiscard]] Headers headers_of_stream();

/// Returns an answer in plain text, with a newline at its end.
[[nodiscard]] Response plain(unsigned status, std::string text);
/// Returns an answer that leads to another path after a form was sent.
[[nodiscard]] Response redirect(std::string path);

}  // namespace servicekit::servicectl::web

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "os/descriptor.hpp"

namespace servicekit::test {

/// An HTTP reply.
struct HttpReply {
    int status = 0;  ///< 0 if there was no reply
    std::string head;
    std::string body;
};

/// Requests a path from a server on the loopback. \param head further lines of the request, each with its CRLF
[[nodiscard]] HttpReply http_get(int port, const std::string& path, std::string_view head = {});
/// Returns the text as a part of a URL's query.
[[nodiscard]] std::string url_encoded(std::string_view text);
/// Returns a free TCP port of the loopback, and claims it until this process ends: no other caller gets it. Not from two
/// threads at a time.
[[nodiscard]] int free_port();

/// A server on the loopback that answers each request with the current page.
class PageServer {
public:
    struct Page {
        std::string content_type;
        std::string body;
    };
    /// \param make gets the head of the request. It is called on a thread of the server.
    explicit PageServer(std::function<Page(const std::string& head)> make);
    PageServer(const PageServer&) = delete;
    PageServer& operator=(const PageServer&) = delete;
    ~PageServer();

    [[nodiscard]] int port() const noexcept { return port_; }

private:
    void serve(int listener);

    std::function<Page(const std::string& head)> make_;
    os::Descriptor listener_;
    int port_ = 0;
    std::jthread thread_;
};

}  // namespace servicekit::test

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/cluster/transport.hpp"

namespace servicekit::cluster {
namespace {

using namespace std::chrono_literals;

/// Returns the sockets of this process that its children inherit.
std::set<std::string> inherited_sockets() {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        std::error_code error;
        const auto target = std::filesystem::read_symlink(entry.path(), error);
        const int flags = ::fcntl(std::stoi(entry.path().filename()), F_GETFD);
        if (!error && target.string().starts_with("socket:") && flags >= 0 && (flags & FD_CLOEXEC) == 0)
            found.insert(target);
    }
    return found;
}

/// A server on this machine that answers each request with {}. It has no thread: serve() does what is due.
class LoopbackServer {
public:
    LoopbackServer() : listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        const bool listens = ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                             ::listen(listener_, 8) == 0 &&
                             ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
        EXPECT_TRUE(listens);
        url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    }
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;
    ~LoopbackServer() {
        for (const auto& [connection, text] : connections_) ::close(connection);
        ::close(listener_);
    }

    /// \returns a connection that has come; nothing if there is none
    std::optional<int> accept() {
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        EXPECT_TRUE(connection >= 0 || errno == EAGAIN || errno == EINTR);
        if (connection < 0) return std::nullopt;
        ++accepted;
        connections_[connection];
        return connection;
    }
    void serve() {
        while (accept()) continue;
        for (auto& [connection, text] : connections_) {
            std::array<char, 4096> bytes{};
            const auto count = ::read(connection, bytes.data(), bytes.size());
            if (count > 0) text.append(bytes.data(), static_cast<std::size_t>(count));
            if (!text.ends_with("\r\n\r\n{}")) continue;
            requests.push_back(text.substr(0, text.find("\r\n")));
            text.clear();
            constexpr std::string_view reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
            EXPECT_EQ(::write(connection, reply.data(), reply.size()), static_cast<ssize_t>(reply.size()));
        }
    }

    std::string url;
    std::vector<std::string> requests;  ///< the first line of each
    int accepted = 0;

private:
    int listener_;
    std::map<int, std::string> connections_;  ///< what each has sent
};

/// Posts a request, and lets the servers answer it.
HttpEvent answer_to(HttpTransport& transport, const std::string& url, const std::vector<LoopbackServer*>& servers) {
    const auto id = transport.post({.url = url + "/v3/kv/txn", .body = "{}", .timeout = 30s});
    for (;;) {
        for (const HttpEvent& event : transport.wait(1ms))
            if (event.exchange == id && event.is_end) return event;
        for (LoopbackServer* const server : servers) server->serve();
    }
}

/// Sets variables for the time of a test.
class ScopedVariables {
public:
    explicit ScopedVariables(const std::map<std::string, std::string>& values) {
        for (const auto& [name, value] : values) {
            const char* const before = std::getenv(name.c_str());
            before_[name] = before == nullptr ? std::nullopt : std::optional<std::string>{before};
            set(name, value.empty() ? std::nullopt : std::optional{value});
        }
    }
    ScopedVariables(const ScopedVariables&) = delete;
    ScopedVariables& operator=(const ScopedVariables&) = delete;
    ~ScopedVariables() {
        for (const auto& [name, value] : before_) set(name, value);
    }

private:
    static void set(const std::string& name, const std::optional<std::string>& value) {
        if (value)
            ::setenv(name.c_str(), value->c_str(), 1);
        else
            ::unsetenv(name.c_str());
    }

    std::map<std::string, std::optional<std::string>> before_;
};

TEST(CurlTransportTest, KeepsItsConnectionForLaterRequests) {
    LoopbackServer server;
    const auto transport = std::move(make_curl_transport({})).value();
    for (int i = 0; i < 3; ++i) {
        const HttpEvent answer = answer_to(*transport, server.url, {&server});
        EXPECT_EQ(answer.fault, HttpFault::none) << answer.error.message();
        EXPECT_EQ(answer.body, "{}");
    }
    EXPECT_EQ(server.requests.size(), 3U);
    EXPECT_EQ(server.accepted, 1);
}

TEST(CurlTransportTest, UsesAProxyOfTheEnvironmentOnlyIfThatIsAsked) {
    LoopbackServer server;
    LoopbackServer proxy;
    const ScopedVariables variables{
        {{"http_proxy", proxy.url}, {"all_proxy", proxy.url}, {"no_proxy", ""}, {"NO_PROXY", ""}}};
    for (const bool uses_proxy : {false, true}) {
        const auto transport = std::move(make_curl_transport({.uses_proxy = uses_proxy})).value();
        const HttpEvent answer = answer_to(*transport, server.url, {&server, &proxy});
        EXPECT_EQ(answer.fault, HttpFault::none) << answer.error.message();
        EXPECT_EQ(server.requests, std::vector<std::string>{"POST /v3/kv/txn HTTP/1.1"});
        EXPECT_EQ(proxy.requests.size(), uses_proxy ? 1U : 0U);
    }
    EXPECT_EQ(proxy.requests.front(), "POST " + server.url + "/v3/kv/txn HTTP/1.1");
}

TEST(CurlTransportTest, ChildrenDoNotInheritItsConnections) {
    LoopbackServer server;
    auto transport = make_curl_transport({});
    ASSERT_TRUE(transport);
    // The pair by which libcurl wakes itself has no option.
    const auto before = inherited_sockets();
    static_cast<void>((*transport)->post({.url = server.url + "/", .body = "{}", .timeout = 10s}));
    while (!server.accept()) static_cast<void>((*transport)->wait(1ms));
    EXPECT_EQ(inherited_sockets(), before);
}

}  // namespace
}  // namespace servicekit::cluster

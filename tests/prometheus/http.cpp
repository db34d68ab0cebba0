#include "prometheus/http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "integration/support/process.hpp"

namespace servicekit::test {
namespace {

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

os::Descriptor tcp_socket() {
    os::Descriptor made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (made.get() < 0) throw std::runtime_error{"cannot make a socket"};
    const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
        ::setsockopt(made.get(), SOL_SOCKET, option, &limit, sizeof limit);
    return made;
}

bool send_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

/// Receives until the text has the end, or until the other side closes.
std::string receive_until(int descriptor, std::string_view end) {
    std::string text;
    std::array<char, 16'384> buffer{};
    while (end.empty() || text.find(end) == std::string::npos) {
        const ssize_t count = ::recv(descriptor, buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
}

int port_of(int descriptor) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error{"cannot get the port"};
    return ntohs(address.sin_port);
}

os::Descriptor bound_to_a_free_port() {
    os::Descriptor made = tcp_socket();
    const sockaddr_in any = loopback(0);
    if (::bind(made.get(), generic(any), sizeof any) != 0) throw std::runtime_error{"cannot bind a port"};
    return made;
}

bool is_free(int port) {
    const os::Descriptor trial = tcp_socket();
    const sockaddr_in address = loopback(port);
    return ::bind(trial.get(), generic(address), sizeof address) == 0;
}

/// Binds a name that stands for the port, and that has the port's scope: the network namespace.
/// \returns no descriptor if a test has claimed the port
os::Descriptor claimed(int port) {
    os::Descriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (made.get() < 0) throw std::runtime_error{"cannot make a socket"};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "servicekit-test-port-" + std::to_string(port);
    name.copy(&address.sun_path[1], name.size());  // the leading NUL: no file
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) made.reset();
    return made;
}

}  // namespace

HttpReply http_get(int port, const std::string& path, std::string_view head) {
    const os::Descriptor connection = tcp_socket();
    const sockaddr_in address = loopback(port);
    if (::connect(connection.get(), generic(address), sizeof address) != 0) return {};
    // A server does not send chunks to a client of HTTP/1.0.
    const std::string request =
        "GET " + path + " HTTP/1.0\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n" + std::string{head} + "\r\n";
    if (!send_all(connection.get(), request)) return {};
    const std::string text = receive_until(connection.get(), {});
    const auto end = text.find("\r\n\r\n");
    if (!text.starts_with("HTTP/1.") || end == std::string::npos) return {};
    return {.status = std::atoi(text.c_str() + 9), .head = text.substr(0, end), .body = text.substr(end + 4)};
}

std::string url_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0)
            encoded += c;
        else
            ((encoded += '%') += digits[byte >> 4U]) += digits[byte & 0xFU];
    }
    return encoded;
}

int free_port() {
    // Below the ports that the kernel gives to connections and to bind(2) with port 0.
    constexpr int first = 30'000;
    constexpr int count = 2'700;
    static std::vector<os::Descriptor> claims;
    static int turns = ::getpid();
    for (int tries = 0; tries < count; ++tries) {
        const int port = first + turns++ % count;
        os::Descriptor claim = claimed(port);
        if (!claim || !is_free(port)) continue;
        claims.push_back(std::move(claim));
        return port;
    }
    throw std::runtime_error{"no port of the loopback is free"};
}

PageServer::PageServer(std::function<Page(const std::string& head)> make)
    : make_{std::move(make)}, listener_{bound_to_a_free_port()}, port_{port_of(listener_.get())} {
    if (::listen(listener_.get(), 16) != 0) throw std::runtime_error{"cannot listen"};
    thread_ = std::jthread{[this] { serve(listener_.get()); }};
}

PageServer::~PageServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // ends accept(2)
}

void PageServer::serve(int listener) {
    for (;;) {
        const os::Descriptor connection{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)};
        if (connection.get() < 0) return;
        const Page page = make_(receive_until(connection.get(), "\r\n\r\n"));
        static_cast<void>(send_all(connection.get(), "HTTP/1.1 200 OK\r\nContent-Type: " + page.content_type +
                                                         "\r\nContent-Length: " + std::to_string(page.body.size()) +
                                                         "\r\nConnection: close\r\n\r\n" + page.body));
    }
}

}  // namespace servicekit::test

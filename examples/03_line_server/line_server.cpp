#include "line_server.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <system_error>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t longest_line = 65536;
constexpr int retry_after = 500;  // milliseconds

[[noreturn]] void fail(const std::string& what) { throw std::system_error{errno, std::generic_category(), what}; }

Descriptor open_journal(const std::filesystem::path& path) {
    Descriptor journal{open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)};
    if (!journal) fail("cannot open '" + path.string() + "'");
    return journal;
}

Descriptor listen_on(std::uint16_t port) {
    Descriptor listener{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const int yes = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!listener || setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener.get(), SOMAXCONN) != 0)
        fail("cannot listen on port " + std::to_string(port));
    return listener;
}

std::uint16_t port_of(const Descriptor& listener) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("cannot get the port");
    return ntohs(address.sin_port);
}

}  // namespace

void LineServer::start(std::uint16_t port, const std::filesystem::path& directory, const Figures& figures) {
    std::filesystem::create_directories(directory);
    journal_ = open_journal(directory / "journal.log");
    listener_ = listen_on(port);
    figures_ = figures;
    figures_.port.set(port_of(listener_));
    thread_ = std::jthread{[this](const std::stop_token& stop) { serve(stop); }};
}

void LineServer::stop() {
    thread_ = {};  // requests the stop and waits for the thread
    clients_.clear();
    listener_ = Descriptor{};
    journal_ = Descriptor{};
}

void LineServer::set_greeting(std::string greeting) {
    const std::lock_guard lock{greeting_mutex_};
    greeting_ = std::move(greeting);
}

void LineServer::serve(const std::stop_token& stop) {
    const std::stop_callback wake{stop, [this] { shutdown(listener_.get(), SHUT_RDWR); }};  // makes poll() return
    while (!stop.stop_requested()) serve_ready(-1);
    serve_ready(0);
    if (!write_journal()) std::cerr << waiting_.size() << " bytes of the journal are lost" << std::endl;
}

/// Waits for connections and lines, and handles them.
/// \param timeout in milliseconds; negative for none
void LineServer::serve_ready(int timeout) {
    // If the journal cannot be written, the server reads nothing: the lines wait in the clients' sockets.
    const bool reads = write_journal();
    std::vector<pollfd> watched;
    if (reads) {
        for (const auto& [descriptor, client] : clients_) watched.push_back({descriptor, POLLIN, 0});
        if (can_accept_) watched.push_back({listener_.get(), POLLIN, 0});
    }
    if (timeout < 0 && (!reads || !can_accept_)) timeout = retry_after;
    poll(watched.data(), watched.size(), timeout);

    can_accept_ = true;
    // The listener is last, because a new client may get the descriptor of one that was just closed.
    for (const pollfd& event : watched) {
        if (event.revents == 0) continue;
        if (event.fd == listener_.get()) {
            can_accept_ = accept_client();
        } else if (!receive(clients_.at(event.fd))) {
            clients_.erase(event.fd);
        }
    }
    figures_.connections.set(clients_.size());
}

/// \returns false if no client waits or no descriptor is left
bool LineServer::accept_client() {
    Descriptor connection{accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!connection) return false;
    std::string line;
    {
        const std::lock_guard lock{greeting_mutex_};
        line = greeting_ + "\n";
    }
    (void)send(connection.get(), line.data(), line.size(), MSG_NOSIGNAL);
    const int descriptor = connection.get();
    clients_.emplace(descriptor, Client{.connection = std::move(connection)});
    return true;
}

/// \returns false at the end of the connection or after a line that is too long. The journal is written first.
bool LineServer::receive(Client& client) {
    std::array<char, longest_line> bytes;
    const ssize_t size = recv(client.connection.get(), bytes.data(), bytes.size(), 0);
    if (size <= 0 || client.unfinished.size() > longest_line) {
        write_journal();
        return false;
    }
    client.unfinished.append(bytes.data(), static_cast<std::size_t>(size));
    const std::size_t end = client.unfinished.rfind('\n') + 1;  // 0 if there is none
    waiting_.append(client.unfinished, 0, end);
    client.unfinished.erase(0, end);
    return true;
}

/// \returns true if all lines are written
bool LineServer::write_journal() {
    const ssize_t written = write(journal_.get(), waiting_.data(), waiting_.size());
    const bool could_write = std::exchange(can_write_, written >= 0);
    if (!can_write_) {
        if (could_write) std::perror("cannot write the journal, will try again");
        return false;
    }
    if (!could_write) std::cerr << "the journal is written again" << std::endl;
    const auto end = waiting_.begin() + written;
    figures_.lines.add(static_cast<std::uint64_t>(std::count(waiting_.begin(), end, '\n')));
    waiting_.erase(waiting_.begin(), end);
    return waiting_.empty();
}

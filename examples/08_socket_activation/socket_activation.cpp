// A service that gets its TCP socket from systemd and sends a line to each client.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <servicekit/servicekit.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

class HelloServer final : public servicekit::SystemdService {
    void on_start() override {
        const std::vector<int> sockets = listen_sockets("hello");  // FileDescriptorName= of the socket unit
        if (sockets.size() != 1)
            throw std::runtime_error{"expected one socket 'hello', got " + std::to_string(sockets.size())};
        listener_ = sockets.front();
        thread_ = std::jthread{[this](const std::stop_token& stop) { serve(stop); }};
    }

    void on_stop() override { thread_ = {}; }  // requests the stop and waits for the thread
    void on_status(servicekit::Reply& reply) override { reply.set("clients", clients_.load()); }

    // systemd keeps the socket open: clients that connect while the service is stopped are served after the next start.
    void serve(const std::stop_token& stop) {
        const int stopped = eventfd(0, EFD_CLOEXEC);
        const std::stop_callback wake{stop, [stopped] { eventfd_write(stopped, 1); }};
        std::array<pollfd, 2> watched{{{listener_, POLLIN, 0}, {stopped, POLLIN, 0}}};
        while (!stop.stop_requested()) {
            poll(watched.data(), watched.size(), -1);
            if (watched[0].revents != 0) greet_next();
        }
        close(stopped);
    }

    void greet_next() {
        const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return;
        constexpr std::string_view line = "hello\n";
        (void)send(client, line.data(), line.size(), MSG_NOSIGNAL);
        close(client);
        ++clients_;
    }

    int listener_ = -1;
    std::atomic<std::uint64_t> clients_{0};
    std::jthread thread_;
};

int main(int argc, char** argv) {
    return servicekit::service_main<HelloServer>(argc, argv, {.name = "socket-activation", .version = "1.0"});
}

#pragma once
// The application: a TCP server that appends each line it gets to a journal. It knows nothing of servicekit.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <thread>
#include <vector>

class LineServer {
public:
    std::atomic<std::shared_ptr<const std::string>> greeting;
    std::atomic<std::uint16_t> port{0};
    std::atomic<std::uint64_t> connections{0}, lines{0};

    void start(std::uint16_t wanted_port, const std::filesystem::path& folder) {
        std::filesystem::create_directories(folder);
        journal_.open(folder / "journal.log", std::ios::app);
        sockaddr_in address{AF_INET, htons(wanted_port), {htonl(INADDR_LOOPBACK)}, {}};
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (!journal_ || bind(listener_, any, size) || listen(listener_, 128) || getsockname(listener_, any, &size))
            throw std::system_error(errno, std::generic_category(), "cannot open the journal or listen");
        wake_ = eventfd(0, EFD_CLOEXEC);
        port = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }

    void stop() {
        eventfd_write(wake_, 1);
        thread_.join();
        close(listener_);
    }

private:
    void serve() {
        for (bool stopping = false; !stopping;) {
            std::vector<pollfd> all{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
            for (const auto& [client, unfinished] : clients_) all.push_back({client, POLLIN, 0});
            poll(all.data(), all.size(), -1);
            stopping = all[0].revents != 0;  // what has arrived is still written
            for (std::size_t i = 2; i < all.size(); ++i)
                if (all[i].revents != 0 && !receive(all[i].fd, clients_[all[i].fd])) clients_.erase(all[i].fd);
            if (all[1].revents != 0) greet(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
            if (!journal_.flush()) std::cerr << "the journal can't be written" << std::endl;
            journal_.clear();
            connections = clients_.size();
        }
        for (const auto& [client, unfinished] : clients_) close(client);
    }

    void greet(int client) {
        if (client < 0) return;
        const std::string line = *greeting.load() + "\n";
        send(client, line.data(), line.size(), MSG_NOSIGNAL);
        clients_[client];
    }

    bool receive(int client, std::string& unfinished) {
        char buffer[65536];
        const ssize_t size = recv(client, buffer, sizeof buffer, 0);
        if (size <= 0) return journal_.flush(), close(client), false;
        unfinished.append(buffer, static_cast<std::size_t>(size));
        const auto whole = unfinished.rfind('\n') + 1;
        journal_.write(unfinished.data(), static_cast<std::streamsize>(whole));
        for (std::size_t i = 0; i < whole; ++i) lines += unfinished[i] == '\n';
        unfinished.erase(0, whole);
        return true;
    }

    std::ofstream journal_;
    std::map<int, std::string> clients_;  // by descriptor: a line that has no end yet
    int listener_ = -1, wake_ = -1;
    std::thread thread_;
};

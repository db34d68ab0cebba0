#pragma once
// The application: a TCP server that appends each line it gets to a journal. It knows nothing of servicekit.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <thread>
#include <vector>

class LineServer {
public:
    std::atomic<std::shared_ptr<const std::string>> greeting;
    std::atomic<std::uint16_t> port{0};
    std::atomic<std::uint64_t> connections{0}, lines{0};

    void start(std::uint16_t wanted_port, const std::filesystem::path& directory) {
        std::filesystem::create_directories(directory);
        journal_ = open((directory / "journal.log").c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (journal_ < 0) throw std::system_error(errno, std::generic_category(), "cannot open the journal");
        sockaddr_in address{AF_INET, htons(wanted_port), {htonl(INADDR_LOOPBACK)}, {}};
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &size, sizeof size);  // any number but 0 will do
        if (bind(listener_, any, size) || listen(listener_, 128) || getsockname(listener_, any, &size))
            throw std::system_error(errno, std::generic_category(), "cannot listen on " + std::to_string(wanted_port));
        port = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }

    void stop() {
        stops_ = true;
        shutdown(listener_, SHUT_RDWR);  // ends a poll()
        thread_.join();
        for (const auto& [client, unfinished] : clients_) close(client);
        close(listener_);
        close(journal_);
    }

private:
    // While the disk is full nobody is read, so that no line is lost; what can't be done now is tried again soon.
    void serve() {
        for (bool accepts = true, last = false; !last; connections = clients_.size()) {
            last = stops_;  // what has arrived is still written
            const bool reads = write_journal();
            std::vector<pollfd> all{{reads && accepts ? listener_ : -1, POLLIN, 0}};
            for (const auto& [client, unfinished] : clients_) all.push_back({reads ? client : -1, POLLIN, 0});
            poll(all.data(), all.size(), last ? 0 : reads && accepts ? -1 : 500);
            for (std::size_t i = 1; i < all.size(); ++i)
                if (all[i].revents != 0 && !receive(all[i].fd, clients_[all[i].fd])) clients_.erase(all[i].fd);
            accepts = all[0].revents == 0 || greet(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
        }
        if (!write_journal()) std::cerr << waiting_.size() << " bytes of the journal are lost" << std::endl;
    }

    bool greet(int client) {
        const std::string line = *greeting.load() + "\n";
        return client >= 0 && send(client, line.data(), line.size(), MSG_NOSIGNAL) != 0 && clients_[client].empty();
    }

    bool receive(int client, std::string& unfinished) {
        char bytes[65536];
        const ssize_t size = recv(client, bytes, sizeof bytes, 0);
        if (size <= 0 || unfinished.size() > sizeof bytes) return write_journal(), close(client), false;
        for (ssize_t i = 0; i < size; ++i)
            if ((unfinished += bytes[i]).back() == '\n') waiting_ += std::exchange(unfinished, {});
        return true;
    }

    bool write_journal() {
        const ssize_t size = write(journal_, waiting_.data(), waiting_.size());
        const bool failed = std::exchange(fails_, size < 0);
        if (fails_ && !failed) std::perror("cannot write the journal, and try again");
        if (!fails_ && failed) std::cerr << "the journal is written again" << std::endl;
        if (fails_) return false;
        lines += static_cast<std::uint64_t>(std::count(waiting_.begin(), waiting_.begin() + size, '\n'));
        waiting_.erase(0, static_cast<std::size_t>(size));
        return waiting_.empty();
    }

    std::string waiting_;                 // for the journal
    std::map<int, std::string> clients_;  // by descriptor: a line that has no end yet
    int journal_ = -1, listener_ = -1;
    bool fails_ = false;
    std::atomic<bool> stops_{false};
    std::thread thread_;
};

// Measured by bench/list: one process that looks like many services. Each has a locked pidfile and a control socket.
//
//   many_services DIRECTORY COUNT HUNG
//
// Prints "ready" when all listen, and ends with its stdin. The first HUNG services accept clients and never answer.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

void lock(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    const std::string pid = std::to_string(getpid()) + "\n";
    if (file < 0 || fcntl(file, F_SETLK, &whole) != 0 ||
        write(file, pid.data(), pid.size()) != static_cast<ssize_t>(pid.size()))
        fail(path.c_str());
}

int listen_at(const std::string& path) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    unlink(path.c_str());
    if (socket < 0 || bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(socket, 32) != 0)
        fail(path.c_str());
    return socket;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const std::string directory = argv[1];
    const auto count = static_cast<std::size_t>(std::atoi(argv[2]));
    const auto hung = static_cast<std::size_t>(std::atoi(argv[3]));
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    // stdin, then the listeners, then the clients.
    std::vector<pollfd> watched{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}};
    for (std::size_t i = 0; i < count; ++i) {
        const std::string base = directory + "/web-" + std::to_string(i);
        lock(base + ".pid");
        watched.push_back({.fd = listen_at(base + ".control"), .events = POLLIN, .revents = 0});
    }
    std::puts("ready");
    std::fflush(stdout);

    const std::string reply =
        R"({"pid":)" + std::to_string(getpid()) +
        R"(,"uptime":3600,"name":"web","version":"1.0","state":"running","started-at":"2026-11-30T14:00:00Z"})"
        "\n";
    for (;;) {
        if (poll(watched.data(), watched.size(), -1) < 0) fail("poll");
        if (watched.front().revents != 0) return 0;
        const std::size_t known = watched.size();
        for (std::size_t i = 1; i < known; ++i) {
            if (watched[i].revents == 0) continue;
            if (i <= count) {
                const int client = accept4(watched[i].fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (client < 0) continue;
                // A hung service holds its clients.
                if (i > hung) watched.push_back({.fd = client, .events = POLLIN, .revents = 0});
                continue;
            }
            std::array<char, 4096> request{};
            const ssize_t size = recv(watched[i].fd, request.data(), request.size(), 0);
            if (size > 0) {
                static_cast<void>(send(watched[i].fd, reply.data(), reply.size(), MSG_NOSIGNAL));
            } else {
                close(watched[i].fd);
                watched[i].fd = -1;
            }
        }
        std::erase_if(watched, [](const pollfd& one) { return one.fd < 0; });
    }
}

#include "control_load.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "measurement.hpp"

namespace bench {
namespace {

constexpr int patience_milliseconds = 20'000;

/// Runs in a process of its own.
class Clients {
public:
    Clients(const ControlServer& server, Style style) : server_{server}, style_{style} {}

    long run(int clients, double seconds) {
        for (int i = 0; i < clients; ++i) open();
        const auto end =
            Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
        while (goes_on_) {
            std::array<epoll_event, 256> events{};
            const int ready =
                epoll_wait(poller_, events.data(), static_cast<int>(events.size()), patience_milliseconds);
            if (ready <= 0) give_up(70, "does not reply");
            goes_on_ = Clock::now() < end;
            for (int i = 0; i < ready; ++i) receive(events[static_cast<std::size_t>(i)].data.fd);
        }
        return replies_;
    }

private:
    [[noreturn]] void give_up(int exit_code, const std::string& what) const {
        std::fprintf(stderr, "measure_control: %s: %s\n", server_.label.c_str(), what.c_str());
        _exit(exit_code);
    }
    [[noreturn]] void give_up_call(const char* call) const {
        give_up(71, std::string{call} + ": " + std::strerror(errno));
    }

    void open() {
        const int client = connect_to(server_.socket);
        if (client < 0) give_up_call("connect");
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.fd = client;
        if (epoll_ctl(poller_, EPOLL_CTL_ADD, client, &interest) != 0) give_up_call("epoll_ctl");
        if (received_.size() <= static_cast<std::size_t>(client))
            received_.resize(static_cast<std::size_t>(client) + 1);
        ask(client);
    }
    void ask(int client) const {
        if (send(client, server_.request.data(), server_.request.size(), MSG_NOSIGNAL) < 0) give_up_call("send");
    }
    void receive(int client) {
        std::array<char, 4096> chunk;
        const ssize_t size = recv(client, chunk.data(), chunk.size(), 0);
        if (size < 0 && errno == EAGAIN) return;
        if (size < 0) give_up_call("recv");
        std::string& reply = received_[static_cast<std::size_t>(client)];
        reply.append(chunk.data(), static_cast<std::size_t>(size));
        const bool ends_with_connection = server_.reply_end.empty();
        if (size == 0 && !ends_with_connection) give_up(70, "closed a connection after " + in_quotes(reply));
        if (ends_with_connection ? size > 0 : !reply.ends_with(server_.reply_end)) return;
        if (!server_.is_right(reply)) give_up(70, "gives a wrong reply: " + in_quotes(reply));
        reply.clear();
        ++replies_;
        if (style_ == Style::one_request_each) close(client);
        if (!goes_on_) return;
        if (style_ == Style::persistent) ask(client);
        if (style_ == Style::one_request_each) open();
    }

    const ControlServer& server_;
    Style style_;
    int poller_ = epoll_create1(EPOLL_CLOEXEC);
    std::vector<std::string> received_;  ///< by descriptor: the part of a reply that has arrived
    bool goes_on_ = true;
    long replies_ = 0;
};

[[noreturn]] void give_up(const char* call) {
    std::perror(call);
    std::exit(71);
}

}  // namespace

long load(const ControlServer& server, Style style, int clients, double seconds, int core) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) give_up("measure_control: pipe");
    const pid_t child = fork();
    if (child < 0) give_up("measure_control: fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(0, core);
        const long replies = Clients{server, style}.run(clients, seconds);
        _exit(write(ends[1], &replies, sizeof replies) == sizeof replies ? 0 : 71);
    }
    close(ends[1]);
    long replies = 0;
    const bool is_complete = read(ends[0], &replies, sizeof replies) == sizeof replies;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    // The child has printed why.
    if (!is_complete) std::exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 70);
    return replies;
}

}  // namespace bench

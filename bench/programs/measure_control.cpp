// bench/control: requests per second over the control socket, beside bare C servers that send the same bytes.
//
//   measure_control DIRECTORY ROUNDS SECONDS   with bare_control and bench_service beside this program
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>

#include "measurement.hpp"

namespace {

constexpr int server_core = 0;
constexpr int client_core = 1;

struct Server {
    std::string label;
    std::vector<std::string> command;
    std::string socket;
    std::string request;
    pid_t pid = -1;
};

enum class Style { persistent, one_request_each };

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "measure_control: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(71);
}

int connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Blocks while the backlog is full, as a real client of a busy server would.
    if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        close(client);
        return -1;
    }
    fcntl(client, F_SETFL, O_NONBLOCK);
    return client;
}

/// Keeps `clients` connections busy for some time. \returns the number of complete replies
long load(const Server& server, Style style, int clients, double seconds) {
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    const auto ask = [&server](int client) {
        if (send(client, server.request.data(), server.request.size(), MSG_NOSIGNAL) < 0) give_up("send");
    };
    const auto open_one = [&] {
        const int client = connect_to(server.socket);
        if (client < 0) give_up("connect " + server.socket);
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.fd = client;
        epoll_ctl(poller, EPOLL_CTL_ADD, client, &interest);
        ask(client);
    };
    std::vector<int> opened;
    for (int i = 0; i < clients; ++i) open_one();

    long replies = 0;
    const auto end = bench::Clock::now() +
                     std::chrono::duration_cast<bench::Clock::duration>(std::chrono::duration<double>(seconds));
    std::map<int, bool> open;
    for (bool going_on = true; going_on;) {
        std::array<epoll_event, 256> events{};
        const int ready = epoll_wait(poller, events.data(), static_cast<int>(events.size()), 1000);
        if (ready == 0) {
            std::fprintf(stderr, "measure_control: %s: no reply for a second\n", server.label.c_str());
            std::exit(70);
        }
        going_on = bench::Clock::now() < end;
        for (int i = 0; i < ready; ++i) {
            const int client = events[static_cast<std::size_t>(i)].data.fd;
            std::array<char, 4096> reply{};
            const ssize_t size = recv(client, reply.data(), reply.size(), 0);
            if (size <= 0) {
                if (size < 0 && errno == EAGAIN) continue;
                give_up(server.label + " closed a connection");
            }
            if (reply[static_cast<std::size_t>(size) - 1] != '\n') continue;
            ++replies;
            if (style == Style::persistent) {
                if (going_on) ask(client);
            } else {
                close(client);
                if (going_on) open_one();
            }
        }
    }
    close(poller);
    return replies;
}

/// Does the same in a separate process. When it ends, the kernel closes all of its connections.
long load_apart(const Server& server, Style style, int clients, double seconds) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) give_up("pipe");
    const pid_t child = fork();
    if (child == 0) {
        bench::pin(0, client_core);
        const long replies = load(server, style, clients, seconds);
        if (write(ends[1], &replies, sizeof replies) != sizeof replies) _exit(71);
        _exit(0);
    }
    close(ends[1]);
    long replies = 0;
    if (read(ends[0], &replies, sizeof replies) != sizeof replies) give_up(server.label + ": no result");
    close(ends[0]);
    waitpid(child, nullptr, 0);
    return replies;
}

void launch(Server& server) {
    server.pid = fork();
    if (server.pid == 0) {
        bench::pin(0, server_core);
        std::vector<char*> arguments;
        for (std::string& word : server.command) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    const auto patience = bench::Clock::now() + std::chrono::seconds{20};
    for (int client = -1; (client = connect_to(server.socket)) < 0;) {
        if (bench::Clock::now() > patience) give_up(server.label + " does not listen");
        std::this_thread::yield();
    }
    // Waits for a first reply, so that the measurement does not include the server's start.
    const int client = connect_to(server.socket);
    for (char byte = 0; byte != '\n';) {
        if (byte == 0) send(client, server.request.data(), server.request.size(), MSG_NOSIGNAL);
        if (recv(client, &byte, 1, 0) != 1 && errno != EAGAIN) give_up(server.label + " does not answer");
        if (byte == 0) byte = ' ';
    }
    close(client);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: measure_control DIRECTORY ROUNDS SECONDS\n");
        return 64;
    }
    const std::string directory = argv[1];
    const int rounds = std::atoi(argv[2]);
    const double seconds = std::atof(argv[3]);
    const std::string here = std::filesystem::read_symlink("/proc/self/exe").parent_path();

    const std::string ours = directory + "/bench-service.control";
    std::vector<Server> servers{
        {"bare C",
         {here + "/bare_control", directory + "/bare.control"},
         directory + "/bare.control",
         "[\"status\"]\n"},
        {"bare C, handed over",
         {here + "/bare_control", directory + "/handing.control", "hand-over"},
         directory + "/handing.control",
         "[\"status\"]\n"},
        {"servicekit status",
         {here + "/bench_service", "run", "--run-directory", directory, "--log-file", directory + "/bench.log"},
         ours,
         "[\"status\"]\n"},
        {"servicekit event", {}, ours, "[\"ping\"]\n"}};
    for (std::size_t i = 0; i < 3; ++i) launch(servers[i]);
    servers[3].pid = servers[2].pid;

    struct Row {
        std::vector<double> rate, cpu, ratio, ratio_to_handing;
    };
    std::printf(
        "requests a second and the server's processor time for each, median (least..most) of %d rounds of %.1f s;\n"
        "server on core %d, clients on core %d; ratios to both bare servers in the same round\n\n",
        rounds, seconds, server_core, client_core);
    std::printf("%-16s %7s  %-20s %-28s %-20s %-19s %s\n", "connections", "clients", "server", "requests/s",
                "us/request", "to bare C", "to bare C, handed over");
    for (const Style style : {Style::persistent, Style::one_request_each}) {
        for (const int clients : {1, 8, 256}) {
            std::vector<Row> rows(servers.size());
            for (int round = 0; round < rounds; ++round) {
                std::vector<double> rates(servers.size());
                for (std::size_t step = 0; step < servers.size(); ++step) {
                    const std::size_t i = round % 2 == 0 ? step : servers.size() - 1 - step;
                    const double before = bench::cpu_microseconds(servers[i].pid);
                    const auto begun = bench::Clock::now();
                    const auto replies = static_cast<double>(load_apart(servers[i], style, clients, seconds));
                    const double took = std::chrono::duration<double>(bench::Clock::now() - begun).count();
                    rates[i] = replies / took;
                    rows[i].rate.push_back(rates[i]);
                    rows[i].cpu.push_back((bench::cpu_microseconds(servers[i].pid) - before) / replies);
                }
                for (std::size_t i = 0; i < servers.size(); ++i) {
                    rows[i].ratio.push_back(rates[i] / rates[0]);
                    rows[i].ratio_to_handing.push_back(rates[i] / rates[1]);
                }
            }
            for (std::size_t i = 0; i < servers.size(); ++i)
                std::printf("%-16s %7d  %-20s %-28s %-20s %-19s %s\n",
                            style == Style::persistent ? "persistent" : "one request each", clients,
                            servers[i].label.c_str(), bench::in_words(bench::spread(rows[i].rate), 0).c_str(),
                            bench::in_words(bench::spread(rows[i].cpu), 1).c_str(),
                            bench::in_words(bench::spread(rows[i].ratio), 2).c_str(),
                            bench::in_words(bench::spread(rows[i].ratio_to_handing), 2).c_str());
            std::fflush(stdout);
        }
    }
    for (std::size_t i = 0; i < 3; ++i) {
        kill(servers[i].pid, SIGTERM);
        waitpid(servers[i].pid, nullptr, 0);
    }
    return 0;
}

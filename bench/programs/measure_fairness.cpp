// bench/fairness: how long an operator waits for `status` while strangers do their worst.
//
//   measure_fairness FOLDER SECONDS [ATTACK...]   with bench_service beside this program; needs root, for other users
//
// The server has core 0. Core 1 has one process with all connections of the strangers, and the operator, a thread that
// comes before that process, so that what is measured is the server's part. Both come before what else the machine does.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "measurement.hpp"

namespace {

constexpr int server_core = 0;
constexpr int client_core = 1;
constexpr uid_t first_stranger = 60'000;

struct Attack {
    std::string name;
    std::string request = "[\"status\"]\n";
    int users = 1;
    int connections = 64;  ///< of each user
    int in_flight = 1000;  ///< requests of a connection; 0: it says nothing
    bool reads = true;
    bool reconnects = false;  ///< a connection for each request
    bool may_read = false;    ///< the strangers have the role `read`
    int events = 0;           ///< declared by the service
    rlim_t descriptors = 0;   ///< the server's limit; 0: as it is
};

std::string large_request() {
    std::string text = R"(["status", {"x": [)";
    while (text.size() < 1'000'000) text += "[],";
    return text + "0]}]\n";
}

std::vector<Attack> all_attacks() {
    const std::string unknown = "[\"" + std::string(60, 'e') + "\"]\n";
    return {
        {.name = "ask, read never", .in_flight = 1'000'000, .reads = false},
        {.name = "ask, read"},
        {.name = "ask, read, one at a time", .in_flight = 1},
        {.name = "ask, read, 8 users", .users = 8},
        {.name = "ask, read never, 8 users", .users = 8, .in_flight = 1'000'000, .reads = false},
        {.name = "status, role read", .may_read = true, .events = 1'000},
        {.name = "events of 1,000, role read", .request = "[\"events\"]\n", .may_read = true, .events = 1'000},
        {.name = "events, role read, read never",
         .request = "[\"events\"]\n",
         .in_flight = 1'000'000,
         .reads = false,
         .may_read = true,
         .events = 1'000},
        {.name = "unknown event, role read", .request = unknown, .may_read = true, .events = 1'000},
        {.name = "ping, role read", .request = "[\"ping\"]\n", .may_read = true},
        {.name = "crashes, role read", .request = "[\"crashes\"]\n", .may_read = true},
        {.name = "large requests", .request = large_request(), .in_flight = 1},
        {.name = "large requests, role read", .request = large_request(), .in_flight = 1, .may_read = true},
        {.name = "connect, ask, close", .in_flight = 1, .reconnects = true},
        {.name = "5 users silent, 300 descriptors", .users = 5, .in_flight = 0, .descriptors = 300},
        {.name = "8 users silent, 100 descriptors", .users = 8, .in_flight = 0, .descriptors = 100},
    };
}

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "measure_fairness: %s: %s\n", what.c_str(), std::strerror(errno));
    std::_Exit(71);
}

/// Puts the calling process before what else the machine does, also where each session has a share of its own.
void come_first() {
    setsid();
    std::ofstream{"/proc/self/autogroup"} << "-20";
    static_cast<void>(setpriority(PRIO_PROCESS, 0, -20));
}

int connect_to(const std::string& path, int flags) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (client >= 0 && connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return client;
    if (client >= 0) close(client);
    return -1;
}

/// One process that is all the strangers.
class Strangers {
public:
    Strangers(const Attack& attack, std::string socket) : attack_{attack}, socket_{std::move(socket)} {}

    [[noreturn]] void run(int report) {
        poller_ = epoll_create1(EPOLL_CLOEXEC);
        for (int user = 0; user < attack_.users; ++user)
            for (int connection = 0; connection < attack_.connections; ++connection)
                open(first_stranger + static_cast<uid_t>(user));
        for (;;) {
            std::array<epoll_event, 64> events{};
            const int ready = epoll_wait(poller_, events.data(), static_cast<int>(events.size()), 20);
            for (int i = 0; i < ready; ++i) serve(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr));
            if (write(report, &replies_, sizeof replies_) != sizeof replies_) std::_Exit(0);
            reconnect();
        }
    }

private:
    struct Client {
        uid_t user;
        int socket = -1;
        long in_flight = 0;
        std::size_t sent = 0;  ///< of the request that goes out now
    };

    void open(uid_t user) {
        auto* client = new Client{.user = user};  // for the process's life
        clients_.push_back(client);
        connect(*client);
    }
    void connect(Client& client) {
        if (seteuid(client.user) != 0) give_up("seteuid");
        client.socket = connect_to(socket_, SOCK_NONBLOCK);
        if (seteuid(0) != 0) give_up("seteuid");
        if (client.socket < 0) return;
        client.in_flight = 0;
        client.sent = 0;
        epoll_event interest{};
        interest.events = (attack_.reads ? EPOLLIN : 0U) | (attack_.reads ? 0U : EPOLLOUT);
        interest.data.ptr = &client;
        epoll_ctl(poller_, EPOLL_CTL_ADD, client.socket, &interest);
        ask(client);
    }
    void drop(Client& client) {
        close(client.socket);
        client.socket = -1;
    }
    void reconnect() {
        for (Client* client : clients_)
            if (client->socket < 0) connect(*client);
    }
    void ask(Client& client) {
        while (client.socket >= 0 && client.in_flight < attack_.in_flight) {
            const std::string_view rest = std::string_view{attack_.request}.substr(client.sent);
            const ssize_t size = send(client.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (size < 0 && errno != EAGAIN) return drop(client);
            if (size < 0) return;
            client.sent += static_cast<std::size_t>(size);
            if (client.sent < attack_.request.size()) continue;
            client.sent = 0;
            ++client.in_flight;
        }
    }
    void serve(Client& client) {
        if (client.socket < 0) return;
        if (!attack_.reads) {
            char peeked = 0;
            if (recv(client.socket, &peeked, 1, MSG_PEEK) == 0) return drop(client);
            return ask(client);
        }
        for (int chunk = 0; chunk < 4; ++chunk) {
            const ssize_t size = recv(client.socket, buffer_.data(), buffer_.size(), 0);
            if (size == 0 || (size < 0 && errno != EAGAIN)) return drop(client);
            if (size < 0) break;
            const long lines = std::count(buffer_.begin(), buffer_.begin() + size, '\n');
            replies_ += lines;
            client.in_flight -= lines;
            if (lines > 0 && attack_.reconnects) return drop(client);
        }
        ask(client);
    }

    const Attack& attack_;
    std::string socket_;
    int poller_ = -1;
    std::vector<Client*> clients_;
    std::array<char, 65536> buffer_{};
    long replies_ = 0;
};

/// The processor time of the server, to the nanosecond. What it spends from a request to the reply is what was served
/// before and with it, however busy the machine is otherwise.
double server_milliseconds(clockid_t clock) {
    timespec spent{};
    clock_gettime(clock, &spent);
    return static_cast<double>(spent.tv_sec) * 1e3 + static_cast<double>(spent.tv_nsec) / 1e6;
}

struct Waits {
    std::vector<double> milliseconds;
    std::vector<double> of_server;  ///< its processor time meanwhile
    long in_vain = 0;

    [[nodiscard]] static double quantile(std::vector<double>& of, double part) {
        if (of.empty()) return -1;
        const auto at = of.begin() + static_cast<long>(part * static_cast<double>(of.size() - 1));
        std::nth_element(of.begin(), at, of.end());
        return *at;
    }
};

/// Asks for the status again and again, by a connection each, as `program status` does.
void operate(const std::string& socket, clockid_t server, double seconds, Waits& waits) {
    using namespace std::chrono_literals;
    const std::string request = "[\"status\"]\n";
    const auto end = bench::Clock::now() +
                     std::chrono::duration_cast<bench::Clock::duration>(std::chrono::duration<double>(seconds));
    while (bench::Clock::now() < end) {
        std::this_thread::sleep_for(500us + std::chrono::microseconds{std::rand() % 1000});
        const double spent = server_milliseconds(server);
        const auto begun = bench::Clock::now();
        const int client = connect_to(socket, 0);
        bool answered = false;
        const timeval patience{.tv_sec = 5, .tv_usec = 0};
        if (client >= 0) setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (client >= 0 && send(client, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
            std::array<char, 4096> reply{};
            const ssize_t size = recv(client, reply.data(), reply.size(), 0);
            answered = size > 0 && std::string_view{reply.data(), static_cast<std::size_t>(size)}.find("\"pid\"") !=
                                       std::string_view::npos;
        }
        if (client >= 0) close(client);
        const double took = std::chrono::duration<double, std::milli>(bench::Clock::now() - begun).count();
        waits.milliseconds.push_back(took);
        waits.of_server.push_back(server_milliseconds(server) - spent);
        if (!answered) ++waits.in_vain;
    }
}

long peak_kib(pid_t pid) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string word; status >> word;)
        if (long kib = 0; word == "VmHWM:" && status >> kib) return kib;
    return -1;
}

pid_t launch(const std::string& program, const std::string& folder, const Attack& attack) {
    const pid_t pid = fork();
    if (pid == 0) {
        bench::pin(0, server_core);
        come_first();
        if (attack.descriptors != 0) {
            const rlimit limit{.rlim_cur = attack.descriptors, .rlim_max = attack.descriptors};
            setrlimit(RLIMIT_NOFILE, &limit);
        }
        setenv("BENCH_EVENTS", std::to_string(attack.events).c_str(), 1);
        const std::string log = folder + "/bench.log";
        std::vector<const char*> words{program.c_str(), "run",       "--run-directory", folder.c_str(),
                                       "--log-file",    log.c_str(), "--control-mode",  "0666"};
        if (attack.may_read) words.insert(words.end(), {"--control-read", "everyone"});
        words.push_back(nullptr);
        execv(program.c_str(), const_cast<char* const*>(words.data()));
        std::_Exit(127);
    }
    return pid;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3 || geteuid() != 0) {
        std::fprintf(stderr, "usage, as root: measure_fairness FOLDER SECONDS [ATTACK...]\n");
        return 64;
    }
    const std::string folder = argv[1];
    const double seconds = std::atof(argv[2]);
    const std::string here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    const std::string socket = folder + "/bench-service.control";
    rlimit all{};
    getrlimit(RLIMIT_NOFILE, &all);
    all.rlim_cur = all.rlim_max;
    setrlimit(RLIMIT_NOFILE, &all);
    std::filesystem::permissions(folder, std::filesystem::perms{0755});

    std::printf("an operator's `status`, p50 / p99 in ms over %.0f s; server on core %d, strangers on core %d\n\n",
                seconds, server_core, client_core);
    std::printf("%-32s %-18s %-20s %-16s %-18s\n", "", "time", "", "server's work", "");
    std::printf("%-32s %-18s %-20s %-16s %-18s %7s %9s %8s\n", "strangers", "alone", "attacked", "alone", "attacked",
                "in vain", "replies/s", "peak MiB");
    for (const Attack& attack : all_attacks()) {
        const auto is_named = [&](const char* name) { return attack.name == name; };
        if (argc > 3 && std::none_of(argv + 3, argv + argc, is_named)) continue;
        const pid_t server = launch(here + "/bench_service", folder, attack);
        for (int client = -1; (client = connect_to(socket, 0)) < 0;) std::this_thread::yield();

        clockid_t clock{};
        clock_getcpuclockid(server, &clock);
        const auto measure = [&](Waits& waits) {
            std::thread operating{[&] {
                bench::pin(0, client_core);
                const sched_param first{.sched_priority = 1};
                sched_setscheduler(0, SCHED_FIFO, &first);
                operate(socket, clock, seconds, waits);
            }};
            operating.join();
        };
        Waits alone;
        measure(alone);

        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) give_up("pipe");
        const pid_t child = fork();
        if (child == 0) {
            bench::pin(0, client_core);
            come_first();
            close(ends[0]);
            Strangers{attack, socket}.run(ends[1]);
        }
        close(ends[1]);
        long replies = 0;
        long before = 0;
        std::thread counting{[&] {
            while (read(ends[0], &replies, sizeof replies) == sizeof replies) {
            }
        }};
        std::this_thread::sleep_for(std::chrono::milliseconds{500});
        before = replies;
        Waits attacked;
        measure(attacked);
        const double rate = static_cast<double>(replies - before) / seconds;
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        counting.join();
        close(ends[0]);
        const long peak = peak_kib(server);
        kill(server, SIGTERM);
        waitpid(server, nullptr, 0);

        const auto words = [](std::vector<double>& values) {
            std::array<char, 64> text{};
            std::snprintf(text.data(), text.size(), "%.3f / %.3f", Waits::quantile(values, 0.5),
                          Waits::quantile(values, 0.99));
            return std::string{text.data()};
        };
        std::printf("%-32s %-18s %-20s %-16s %-18s %7ld %9.0f %8.1f\n", attack.name.c_str(),
                    words(alone.milliseconds).c_str(), words(attacked.milliseconds).c_str(),
                    words(alone.of_server).c_str(), words(attacked.of_server).c_str(), attacked.in_vain, rate,
                    static_cast<double>(peak) / 1024);
        std::fflush(stdout);
    }
    return 0;
}

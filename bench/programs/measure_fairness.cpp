// bench/fairness: how long an operator waits for `status` while other users attack the service.
//
//   measure_fairness DIRECTORY ROUNDS [ATTACK...]   with bench_service beside this program; needs root, for other users;
//                                                   BENCH_JSON: see results.hpp
//
// The server runs on core 0. On core 1 run one process with all connections of the strangers, and the operator, a
// thread with a higher priority than that process, so that the times measure the server. All have a higher
// priority than the rest of the machine.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "measurement.hpp"
#include "results.hpp"

namespace {

using namespace std::chrono_literals;

constexpr auto round_time = 1s;
constexpr int server_core = 0;
constexpr int client_core = 1;
constexpr uid_t first_stranger = 60'000;

struct Attack {
    std::string name;
    std::string request = "[\"status\"]\n";
    int users = 1;
    int connections = 64;                   ///< for each user
    int silent = 0;                         ///< further ones that send nothing
    int in_flight = 1000;                   ///< requests on a connection; 0: sends nothing
    std::size_t piece = std::string::npos;  ///< most bytes that are sent in one call
    bool reads = true;
    bool reconnects = false;   ///< makes a new connection for each request
    bool may_read = false;     ///< the strangers have the role `read`
    bool hangs = false;        ///< a handler of the service hangs
    bool is_own_user = false;  ///< the attackers are not strangers, but other programs of the operator's user
    int events = 0;            ///< number of events that the service declares
    rlim_t descriptors = 0;    ///< limit of the server; 0: unchanged
};

/// Makes a request that takes long to parse. By default the service refuses it after that.
std::string request_of(std::size_t bytes, std::string text = R"(["status", {"x": [)") {
    while (text.size() < bytes - 10) text += "[],";
    return text + "0]}]\n";
}

std::vector<Attack> all_attacks() {
    const Attack in_a_hang{.name = "4 send 1 MB, 200 silent, a handler hangs",
                           .request = request_of(1'000'000),
                           .users = 4,
                           .connections = 1,
                           .silent = 50,
                           .in_flight = 1,
                           .may_read = true,
                           .hangs = true};
    Attack in_a_hang_by_own_user = in_a_hang;
    in_a_hang_by_own_user.name = "the same, by the operator's user";
    in_a_hang_by_own_user.request = request_of(1'000'000, R"(["take", {"list": [)");
    in_a_hang_by_own_user.is_own_user = true;
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
        {.name = "ping with queue, read, 8 users",
         .request = "[\"ping\", {}, {\"queue\": true}]\n",
         .users = 8,
         .may_read = true},
        {.name = "crashes, role read", .request = "[\"crashes\"]\n", .may_read = true},
        {.name = "requests of 1 MB", .request = request_of(1'000'000), .in_flight = 1},
        {.name = "requests of 1 MB, role read", .request = request_of(1'000'000), .in_flight = 1, .may_read = true},
        in_a_hang,
        in_a_hang_by_own_user,
        {.name = "requests of 8 KB, role read", .request = request_of(8'000), .may_read = true},
        {.name = "ask, byte by byte", .piece = 1},
        {.name = "connect, ask, close", .in_flight = 1, .reconnects = true},
        {.name = "connect, ask, close, 8 users", .users = 8, .in_flight = 1, .reconnects = true},
        {.name = "connect, close", .in_flight = 0, .reconnects = true},
        {.name = "connect, ask 1,000 times, close", .reconnects = true},
        {.name = "5 users silent, 300 descriptors", .users = 5, .in_flight = 0, .descriptors = 300},
        {.name = "8 users silent, 100 descriptors", .users = 8, .in_flight = 0, .descriptors = 100},
    };
}

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "measure_fairness: %s: %s\n", what.c_str(), std::strerror(errno));
    std::_Exit(71);
}

/// Gives the calling process the highest priority, even if the scheduler groups processes by session.
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

/// A user who attacks: one thread of the process that has all of them.
class Stranger {
public:
    Stranger(const Attack& attack, std::string socket, std::atomic<long>& replies)
        : attack_{attack}, socket_{std::move(socket)}, replies_{replies} {}

    /// \param number counts the strangers from 0
    [[noreturn]] void run(uid_t number) {
        const uid_t user = attack_.is_own_user ? getuid() : first_stranger + number;
        // For this thread only; setuid(2) would change all threads.
        if (syscall(SYS_setresuid, user, user, user) != 0) give_up("setresuid");
        poller_ = epoll_create1(EPOLL_CLOEXEC);
        for (int connection = 0; connection < attack_.connections; ++connection) open();
        for (int connection = 0; connection < attack_.silent; ++connection) open_silently();
        for (bool is_complete = true;;) {
            std::array<epoll_event, 64> events{};
            const int timeout = is_complete ? 20 : 0;
            const int ready = epoll_wait(poller_, events.data(), static_cast<int>(events.size()), timeout);
            for (int i = 0; i < ready; ++i) serve(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr));
            is_complete = reconnect();
        }
    }

private:
    struct Client {
        int socket = -1;
        long in_flight = 0;
        std::size_t sent = 0;  ///< bytes of the current request
        bool is_silent = false;
        bool is_full = false;  ///< the socket takes no more for now
    };

    void open() {
        auto* client = new Client;  // never freed
        clients_.push_back(client);
        connect(*client);
    }
    void open_silently() {
        auto* client = new Client;  // never freed
        client->is_silent = true;
        clients_.push_back(client);
        connect(*client);
    }
    void connect(Client& client) {
        client.socket = connect_to(socket_, SOCK_NONBLOCK);
        if (client.socket < 0) return;
        client.in_flight = 0;
        client.sent = 0;
        client.is_full = !attack_.reads;
        watch(client, EPOLL_CTL_ADD);
        ask(client);
        if (attack_.reconnects && attack_.in_flight == 0) drop(client);
    }
    void watch(Client& client, int operation) {
        epoll_event interest{};
        interest.events = (attack_.reads ? EPOLLIN : 0U) | (client.is_full ? EPOLLOUT : 0U);
        interest.data.ptr = &client;
        epoll_ctl(poller_, operation, client.socket, &interest);
    }
    /// \param is_full true: goes on asking when the socket takes more
    void set_full(Client& client, bool is_full) {
        if (!attack_.reads || std::exchange(client.is_full, is_full) == is_full) return;
        watch(client, EPOLL_CTL_MOD);
    }
    void drop(Client& client) {
        close(client.socket);
        client.socket = -1;
    }
    /// \returns true if all are connected
    bool reconnect() {
        bool are_all = true;
        for (Client* client : clients_) {
            if (client->socket < 0) connect(*client);
            are_all = are_all && client->socket >= 0;
        }
        return are_all;
    }
    void ask(Client& client) {
        while (client.socket >= 0 && !client.is_silent && client.in_flight < attack_.in_flight) {
            const std::string_view rest = std::string_view{attack_.request}.substr(client.sent, attack_.piece);
            const ssize_t size = send(client.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (size < 0 && errno != EAGAIN) return drop(client);
            if (size < 0) return set_full(client, true);
            client.sent += static_cast<std::size_t>(size);
            if (client.sent < attack_.request.size()) continue;
            client.sent = 0;
            ++client.in_flight;
        }
        if (client.socket >= 0) set_full(client, false);
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
    std::atomic<long>& replies_;  ///< total, of all strangers
};

/// How long a thread was ready to run while another one used its core.
class CoreWait {
public:
    explicit CoreWait(const std::filesystem::path& thread)
        : file_{open((thread / "schedstat").c_str(), O_RDONLY | O_CLOEXEC)} {
        if (file_ < 0) give_up("schedstat");
    }
    ~CoreWait() { close(file_); }
    CoreWait(const CoreWait&) = delete;
    CoreWait& operator=(const CoreWait&) = delete;

    [[nodiscard]] double milliseconds() const {
        // The file contains the time on a processor, the time waiting for one, and the number of time slices.
        std::array<char, 128> text{};
        if (pread(file_, text.data(), text.size() - 1, 0) <= 0) give_up("schedstat");
        char* rest = nullptr;
        std::strtoull(text.data(), &rest, 10);
        return static_cast<double>(std::strtoull(rest, nullptr, 10)) / 1e6;
    }

private:
    int file_;
};

/// Waits for the server's thread that answers requests, and returns its directory in /proc.
std::filesystem::path control_thread(pid_t server) {
    for (;; std::this_thread::sleep_for(1ms))
        for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(server) + "/task")) {
            std::string name;
            std::ifstream{task.path() / "comm"} >> name;
            if (name == "control") return task.path();
        }
}

double quantile(std::vector<double>& of, double part) {
    if (of.empty()) return -1;
    const auto at = of.begin() + static_cast<long>(part * static_cast<double>(of.size() - 1));
    std::nth_element(of.begin(), at, of.end());
    return *at;
}

/// Times in milliseconds.
struct Waits {
    std::vector<double> all = {};
    std::vector<double> on_core = {};  ///< without the time that the server and the operator waited for their cores
    long in_vain = 0;
};

/// Asks for the status repeatedly, with a new connection each time, as `program status` does.
void operate(const std::string& socket, const CoreWait& of_server, Waits& waits) {
    const CoreWait own{"/proc/thread-self"};
    const auto waited = [&] { return of_server.milliseconds() + own.milliseconds(); };
    const std::string request = "[\"status\"]\n";
    const auto end = bench::Clock::now() + round_time;
    while (bench::Clock::now() < end) {
        std::this_thread::sleep_for(500us + std::chrono::microseconds{std::rand() % 1000});
        const double waited_before = waited();
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
        waits.all.push_back(took);
        waits.on_core.push_back(std::max(took - (waited() - waited_before), 0.0));
        if (!answered) ++waits.in_vain;
    }
}

long peak_kib(pid_t pid) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string word; status >> word;)
        if (long kib = 0; word == "VmHWM:" && status >> kib) return kib;
    return -1;
}

pid_t launch(const std::string& program, const std::string& directory, const Attack& attack) {
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bench::pin(0, server_core);
        come_first();
        if (attack.descriptors != 0) {
            const rlimit limit{.rlim_cur = attack.descriptors, .rlim_max = attack.descriptors};
            setrlimit(RLIMIT_NOFILE, &limit);
        }
        setenv("BENCH_EVENTS", std::to_string(attack.events).c_str(), 1);
        const std::string log = directory + "/bench.log";
        std::vector<const char*> words{program.c_str(), "run",       "--run-directory", directory.c_str(),
                                       "--log-file",    log.c_str(), "--control-mode",  "0666"};
        if (attack.may_read) words.insert(words.end(), {"--control-read", "everyone"});
        words.push_back(nullptr);
        execv(program.c_str(), const_cast<char* const*>(words.data()));
        std::_Exit(127);
    }
    return pid;
}

/// Lets a handler of the service hang, until the service ends.
void hang(const std::string& socket) {
    const std::string request = "[\"hang\", {}, {\"queue\": true}]\n";
    const int client = connect_to(socket, 0);  // stays open
    char first = 0;
    if (client < 0 || send(client, request.data(), request.size(), MSG_NOSIGNAL) < 0 || recv(client, &first, 1, 0) != 1)
        give_up("hang");
}

/// Runs the strangers while it lives.
class Siege {
public:
    Siege(const Attack& attack, const std::string& socket, std::atomic<long>& replies)
        : replies_{replies}, child_{fork()} {
        if (child_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            bench::pin(0, client_core);
            come_first();
            for (int number = 1; number < attack.users; ++number)
                std::thread{[&, number] {
                    Stranger{attack, socket, replies}.run(static_cast<uid_t>(number));
                }}.detach();
            Stranger{attack, socket, replies}.run(0);
        }
        if (child_ < 0) give_up("fork");
        std::this_thread::sleep_for(300ms);
        replies_before_ = replies_;
    }
    ~Siege() {
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
    }
    Siege(const Siege&) = delete;
    Siege& operator=(const Siege&) = delete;

    /// Number of replies since all strangers were connected.
    [[nodiscard]] long replies() const { return replies_ - replies_before_; }

private:
    std::atomic<long>& replies_;
    pid_t child_;
    long replies_before_ = 0;
};

struct Outcome {
    Waits alone = {};
    Waits attacked = {};
    long replies = 0;
    long peak_kib = 0;
};

/// Measures in alternating rounds, so that other load on the machine affects both equally.
Outcome measure(const Attack& attack, const std::string& program, const std::string& directory, int rounds) {
    const std::string socket = directory + "/bench-service.control";
    void* const shared =
        mmap(nullptr, sizeof(std::atomic<long>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) give_up("mmap");
    auto& replies = *new (shared) std::atomic<long>{0};
    const pid_t server = launch(program, directory, attack);
    int first = -1;
    while ((first = connect_to(socket, 0)) < 0) std::this_thread::yield();
    close(first);
    if (attack.hangs) hang(socket);
    const CoreWait of_server{control_thread(server)};
    const auto operate_for_a_round = [&](Waits& waits) {
        std::thread{[&] {
            bench::pin(0, client_core);
            const sched_param before_all{.sched_priority = 1};
            sched_setscheduler(0, SCHED_FIFO, &before_all);
            operate(socket, of_server, waits);
        }}.join();
    };
    Outcome outcome;
    for (int round = 0; round < rounds; ++round) {
        operate_for_a_round(outcome.alone);
        {
            const Siege siege{attack, socket, replies};
            operate_for_a_round(outcome.attacked);
            outcome.replies += siege.replies();
        }
        std::this_thread::sleep_for(200ms);
    }
    outcome.peak_kib = peak_kib(server);
    kill(server, SIGTERM);
    waitpid(server, nullptr, 0);
    munmap(shared, sizeof replies);
    return outcome;
}

/// Adds a row with the times in milliseconds.
void add(const Attack& attack, Outcome& outcome, double reply_rate, double peak_mib, bench::Results& results) {
    const auto p50 = [](std::vector<double>& of) { return quantile(of, 0.5); };
    const auto p99 = [](std::vector<double>& of) { return quantile(of, 0.99); };
    results.add("attacks", {{"attack", attack.name},
                            {"alone_p50", p50(outcome.alone.all)},
                            {"alone_p99", p99(outcome.alone.all)},
                            {"attacked_p50", p50(outcome.attacked.all)},
                            {"attacked_p99", p99(outcome.attacked.all)},
                            {"p99_ratio", p99(outcome.attacked.all) / p99(outcome.alone.all)},
                            {"alone_p50_on_core", p50(outcome.alone.on_core)},
                            {"alone_p99_on_core", p99(outcome.alone.on_core)},
                            {"attacked_p50_on_core", p50(outcome.attacked.on_core)},
                            {"attacked_p99_on_core", p99(outcome.attacked.on_core)},
                            {"p99_ratio_on_core", p99(outcome.attacked.on_core) / p99(outcome.alone.on_core)},
                            {"in_vain", outcome.attacked.in_vain},
                            {"replies_per_second", reply_rate},
                            {"peak_mib", peak_mib}});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3 || geteuid() != 0) {
        std::fprintf(stderr, "usage, as root: measure_fairness DIRECTORY ROUNDS [ATTACK...]\n");
        return 64;
    }
    const std::string directory = argv[1];
    const int rounds = std::max(std::atoi(argv[2]), 1);
    const std::string here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    rlimit all{};
    getrlimit(RLIMIT_NOFILE, &all);
    all.rlim_cur = all.rlim_max;
    setrlimit(RLIMIT_NOFILE, &all);
    std::filesystem::permissions(directory, std::filesystem::perms{0755});

    bench::Results results{"fairness",
                           {{"rounds", rounds}, {"server_core", server_core}, {"client_core", client_core}}};
    std::printf("an operator's `status`, p50 / p99 in ms over %d rounds; server on core %d, strangers on core %d\n\n",
                rounds, server_core, client_core);
    std::printf("%-32s %-37s %-37s\n", "", "all", "less waits for the cores");
    std::printf("%-32s", "strangers");
    for (int kind = 0; kind < 2; ++kind) std::printf(" %-15s %-15s %5s", "alone", "attacked", "p99 x");
    std::printf(" %7s %9s %8s\n", "in vain", "replies/s", "peak MiB");
    for (const Attack& attack : all_attacks()) {
        const auto is_named = [&](const char* name) { return attack.name == name; };
        if (argc > 3 && std::none_of(argv + 3, argv + argc, is_named)) continue;
        Outcome outcome = measure(attack, here + "/bench_service", directory, rounds);
        std::printf("%-32s", attack.name.c_str());
        for (const auto kind : {&Waits::all, &Waits::on_core}) {
            for (Waits* const waits : {&outcome.alone, &outcome.attacked})
                std::printf(" %6.3f / %-6.3f", quantile(waits->*kind, 0.5), quantile(waits->*kind, 0.99));
            std::printf(" %5.1f", quantile(outcome.attacked.*kind, 0.99) / quantile(outcome.alone.*kind, 0.99));
        }
        const double reply_rate =
            static_cast<double>(outcome.replies) / std::chrono::duration<double>(round_time * rounds).count();
        const double peak_mib = static_cast<double>(outcome.peak_kib) / 1024;
        std::printf(" %7ld %9.0f %8.1f\n", outcome.attacked.in_vain, reply_rate, peak_mib);
        std::fflush(stdout);
        add(attack, outcome, reply_rate, peak_mib, results);
    }
    return 0;
}

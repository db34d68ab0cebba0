// bench/start: the cost of starting, idling and stopping, beside a bare C daemon that does the same with raw system
// calls, and beside daemons made with other libraries.
//
//   measure_start DIRECTORY ROUNDS IDLE_SECONDS   with the daemons beside this program; BENCH_JSON: see results.hpp
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "measurement.hpp"
#include "peer_programs.hpp"
#include "results.hpp"

namespace {

constexpr int patience_milliseconds = 20'000;
/// A machine rests between two starts. What a start leaves in the kernel for some milliseconds makes another one quicker.
constexpr std::chrono::milliseconds rest{100};

struct Program {
    std::string label;
    std::vector<std::string> start;
    std::string pid_file;
    std::string socket = {};  ///< for a program whose parent ends before it is ready: ready when it takes clients
    std::vector<double> to_ready = {}, to_gone = {}, ready_ratio = {}, gone_ratio = {};
};

/// A daemon outlives the process that starts it, so this process kills it if it fails or is interrupted.
std::atomic<pid_t> daemon_to_end{0};
static_assert(std::atomic<pid_t>::is_always_lock_free);

void end_daemon() {
    if (const pid_t pid = daemon_to_end.exchange(0); pid > 0) kill(pid, SIGKILL);
}

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "measure_start: %s: %s\n", what.c_str(), std::strerror(errno));
    end_daemon();
    std::exit(71);
}

extern "C" void on_interrupt(int number) {
    end_daemon();
    _exit(128 + number);
}

/// Waits until the program's socket takes a client.
class SocketWatch {
public:
    explicit SocketWatch(const std::filesystem::path& socket) : socket_{socket} {
        if (inotify_add_watch(changes_, socket.parent_path().c_str(), IN_CREATE) < 0) give_up("inotify");
    }
    ~SocketWatch() { close(changes_); }
    SocketWatch(const SocketWatch&) = delete;
    SocketWatch& operator=(const SocketWatch&) = delete;

    void wait() const {
        const auto until = bench::Clock::now() + std::chrono::milliseconds{patience_milliseconds};
        // The daemon creates the socket a moment before it listens.
        while (!takes_clients()) {
            pollfd changed{.fd = changes_, .events = POLLIN, .revents = 0};
            const int patience = std::filesystem::exists(socket_) ? 0 : patience_milliseconds;
            std::array<char, 4096> events{};
            if (poll(&changed, 1, patience) == 1 && read(changes_, events.data(), events.size()) < 0)
                give_up("inotify");
            if (bench::Clock::now() > until) give_up(socket_.string() + " takes no clients");
        }
    }

private:
    [[nodiscard]] bool takes_clients() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket_.string().copy(address.sun_path, sizeof address.sun_path - 1);
        const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool takes = connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        close(client);
        return takes;
    }

    std::filesystem::path socket_;
    int changes_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
};

pid_t running(const Program& program) {
    pid_t pid = 0;
    std::ifstream{program.pid_file} >> pid;
    if (pid <= 0) give_up(program.pid_file + " holds no pid");
    return pid;
}

/// Measures from exec until the program is ready: until the started process ends, or the socket takes clients.
double start(const Program& program) {
    std::optional<SocketWatch> watch;
    if (!program.socket.empty()) watch.emplace(program.socket);
    const auto begun = bench::Clock::now();
    const pid_t child = fork();
    if (child == 0) {
        std::vector<char*> arguments;
        for (const std::string& word : program.start) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    if (watch) watch->wait();
    int status = 0;
    if (!watch) waitpid(child, &status, 0);
    const double took = std::chrono::duration<double, std::milli>(bench::Clock::now() - begun).count();
    if (watch) waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) give_up(program.label + " did not start");
    daemon_to_end = running(program);
    return took;
}

/// Measures from SIGTERM to the end of the process.
double stop(const Program& program) {
    const pid_t pid = running(program);
    const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (process < 0) give_up("pidfd_open");
    const auto begun = bench::Clock::now();
    kill(pid, SIGTERM);
    pollfd gone{process, POLLIN, 0};
    if (poll(&gone, 1, patience_milliseconds) != 1) give_up(program.label + " does not stop");
    const double took = std::chrono::duration<double, std::milli>(bench::Clock::now() - begun).count();
    close(process);
    daemon_to_end = 0;
    return took;
}

std::vector<Program> programs_in(const std::string& directory, bench::Results& results) {
    const std::string here = bench::program_directory();
    std::vector<Program> programs{
        {.label = "bare C", .start = {here + "/bare_daemon", directory}, .pid_file = directory + "/bare.pid"},
        {.label = "servicekit",
         .start = {here + "/bench_service", "start", "--run-directory", directory, "--log-file",
                   directory + "/bench.log"},
         .pid_file = directory + "/bench-service.pid"},
        {.label = "bare C with the whole library",
         .start = {here + "/bare_daemon_with_library", directory},
         .pid_file = directory + "/bare.pid"},
        {.label = "bare C, as servicekit",
         .start = {here + "/bare_service", directory},
         .pid_file = directory + "/bare.pid"}};
    const auto add_peer = [&](Program program, const std::string& library) {
        if (access(program.start.front().c_str(), X_OK) == 0) {
            programs.push_back(std::move(program));
            return;
        }
        std::printf("%s is left out: %s was not found at build time\n", program.label.c_str(), library.c_str());
        results.skip(program.label, library + " was not found at build time");
    };
    add_peer({.label = "libdaemon",
              .start = {here + "/libdaemon_daemon", directory},
              .pid_file = directory + "/libdaemon.pid"},
             "libdaemon");
    add_peer({.label = "Poco ServerApplication",
              .start = {here + "/poco_daemon", "--daemon", "--pidfile=" + directory + "/poco.pid", directory},
              .pid_file = directory + "/poco.pid",
              .socket = directory + "/poco.control"},
             "Poco");
    return programs;
}

void measure(std::vector<Program>& programs, int rounds) {
    for (int round = -1; round < rounds; ++round) {  // the first round warms the caches and does not count
        std::vector<double> ready(programs.size()), gone(programs.size());
        for (std::size_t step = 0; step < programs.size(); ++step) {
            const std::size_t i = round % 2 == 0 ? step : programs.size() - 1 - step;
            std::this_thread::sleep_for(rest);
            ready[i] = start(programs[i]);
            gone[i] = stop(programs[i]);
        }
        if (round < 0) continue;
        for (std::size_t i = 0; i < programs.size(); ++i) {
            programs[i].to_ready.push_back(ready[i]);
            programs[i].to_gone.push_back(gone[i]);
            programs[i].ready_ratio.push_back(ready[i] / ready[0]);
            programs[i].gone_ratio.push_back(gone[i] / gone[0]);
        }
    }
}

long number_of_threads(pid_t pid) {
    const std::filesystem::directory_iterator tasks{"/proc/" + std::to_string(pid) + "/task"};
    return std::distance(begin(tasks), end(tasks));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: measure_start DIRECTORY ROUNDS IDLE_SECONDS\n");
        return 64;
    }
    const std::string directory = argv[1];
    const int rounds = std::atoi(argv[2]);
    const int idle_seconds = std::atoi(argv[3]);
    for (const int number : {SIGINT, SIGTERM}) signal(number, on_interrupt);
    // The services are grandchildren, which inherit this.
    bench::pin(0, 0);

    bench::Results results{"start", {{"rounds", rounds}, {"idle_seconds", idle_seconds}, {"core", 0}}};
    std::vector<Program> programs = programs_in(directory, results);
    measure(programs, rounds);

    std::printf("median (least..most) of %d alternating rounds, all on core 0; idle over %d s\n\n", rounds,
                idle_seconds);
    std::printf("%-32s %-26s %-20s %-26s %-20s %-14s %-8s %s\n", "", "exec to ready, ms", "ratio", "TERM to gone, ms",
                "ratio", "idle PSS, KiB", "threads", "idle wake-ups/s");
    for (const Program& program : programs) {
        start(program);
        const pid_t pid = running(program);
        // Work that is left over from the start is not part of idling.
        std::this_thread::sleep_for(std::chrono::seconds{1});
        const long before = bench::switches(pid);
        std::this_thread::sleep_for(std::chrono::seconds{idle_seconds});
        const long after = bench::switches(pid);
        const long memory = bench::pss_kib(pid);
        const long threads = number_of_threads(pid);
        stop(program);
        const auto ready = bench::spread(program.to_ready), ready_ratio = bench::spread(program.ready_ratio),
                   gone = bench::spread(program.to_gone), gone_ratio = bench::spread(program.gone_ratio);
        const double wakeups = static_cast<double>(after - before) / idle_seconds;
        std::printf("%-32s %-26s %-20s %-26s %-20s %-14ld %-8ld %.2f\n", program.label.c_str(),
                    bench::in_words(ready, 2).c_str(), bench::in_words(ready_ratio, 2).c_str(),
                    bench::in_words(gone, 2).c_str(), bench::in_words(gone_ratio, 2).c_str(), memory, threads, wakeups);
        std::fflush(stdout);
        results.add("programs", {{"program", program.label},
                                 {"ready_milliseconds", ready},
                                 {"ready_to_bare", ready_ratio},
                                 {"gone_milliseconds", gone},
                                 {"gone_to_bare", gone_ratio},
                                 {"pss_kib", memory},
                                 {"threads", threads},
                                 {"wakeups_per_second", wakeups}});
    }
    return 0;
}

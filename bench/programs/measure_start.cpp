// bench/start: the cost of starting, idling and stopping, beside a bare C daemon that does
// the same with raw system calls.
//
//   measure_start DIRECTORY ROUNDS IDLE_SECONDS   with bare_daemon and bench_service beside this program
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "measurement.hpp"

namespace {

struct Program {
    std::string label;
    std::vector<std::string> start;
    std::string pid_file;
    std::vector<double> to_ready, to_gone, ratio;
};

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "measure_start: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(71);
}

/// Measures from exec to the end of the started process, which is when the service is ready.
double start(Program& program) {
    const auto begun = bench::Clock::now();
    const pid_t child = fork();
    if (child == 0) {
        std::vector<char*> arguments;
        for (std::string& word : program.start) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    const double took = std::chrono::duration<double, std::milli>(bench::Clock::now() - begun).count();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) give_up(program.label + " did not start");
    return took;
}

pid_t running(const Program& program) {
    pid_t pid = 0;
    std::ifstream{program.pid_file} >> pid;
    if (pid <= 0) give_up(program.pid_file + " holds no pid");
    return pid;
}

/// Measures from SIGTERM to the end of the process.
double stop(const Program& program) {
    const pid_t pid = running(program);
    const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (process < 0) give_up("pidfd_open");
    const auto begun = bench::Clock::now();
    kill(pid, SIGTERM);
    pollfd gone{process, POLLIN, 0};
    if (poll(&gone, 1, 20'000) != 1) give_up(program.label + " does not stop");
    const double took = std::chrono::duration<double, std::milli>(bench::Clock::now() - begun).count();
    close(process);
    return took;
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
    const std::string here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    // The services are grandchildren, which inherit this.
    bench::pin(0, 0);

    std::vector<Program> programs{
        {"bare C", {here + "/bare_daemon", directory}, directory + "/bare.pid", {}, {}, {}},
        {"servicekit",
         {here + "/bench_service", "start", "--run-directory", directory, "--log-file", directory + "/bench.log"},
         directory + "/bench-service.pid",
         {},
         {},
         {}}};
    for (int round = -1; round < rounds; ++round) {  // the first round warms the caches and does not count
        std::vector<double> ready(2);
        for (std::size_t step = 0; step < 2; ++step) {
            const std::size_t i = round % 2 == 0 ? step : 1 - step;
            ready[i] = start(programs[i]);
            const double gone = stop(programs[i]);
            if (round < 0) continue;
            programs[i].to_ready.push_back(ready[i]);
            programs[i].to_gone.push_back(gone);
        }
        if (round < 0) continue;
        for (std::size_t i = 0; i < 2; ++i) programs[i].ratio.push_back(ready[i] / ready[0]);
    }

    std::printf("median (least..most) of %d alternating rounds, all on core 0; idle over %d s\n\n", rounds,
                idle_seconds);
    std::printf("%-12s %-26s %-20s %-26s %-14s %s\n", "", "exec to ready, ms", "ratio", "TERM to gone, ms",
                "idle PSS, KiB", "idle wake-ups/s");
    for (Program& program : programs) {
        start(program);
        const pid_t pid = running(program);
        // Work that is left over from the start is not part of idling.
        std::this_thread::sleep_for(std::chrono::seconds{1});
        const long before = bench::switches(pid);
        std::this_thread::sleep_for(std::chrono::seconds{idle_seconds});
        const long after = bench::switches(pid);
        const long memory = bench::pss_kib(pid);
        stop(program);
        std::printf("%-12s %-26s %-20s %-26s %-14ld %.2f\n", program.label.c_str(),
                    bench::in_words(bench::spread(program.to_ready), 2).c_str(),
                    bench::in_words(bench::spread(program.ratio), 2).c_str(),
                    bench::in_words(bench::spread(program.to_gone), 2).c_str(), memory,
                    static_cast<double>(after - before) / idle_seconds);
    }
    return 0;
}

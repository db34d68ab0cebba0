// bench/lisp: the cost of a Lisp in a service. Each round uses a new process.
//
//   measure_lisp DIRECTORY ROUNDS EVALUATIONS   with bench_lisp beside this program; BENCH_JSON: see results.hpp
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <servicekit/client.hpp>

#include "measurement.hpp"
#include "results.hpp"

namespace {

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "measure_lisp: %s\n", what.c_str());
    std::exit(71);
}

void run(std::vector<std::string> words) {
    const pid_t child = fork();
    if (child == 0) {
        // Its output does not belong into the table.
        if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(127);
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) give_up(words[1] + " failed");
}

/// Returns the time in milliseconds.
double time_of(const std::function<void()>& work) {
    const auto begun = bench::Clock::now();
    work();
    return std::chrono::duration<double, std::milli>(bench::Clock::now() - begun).count();
}

double to_mib(long kib) { return static_cast<double>(kib) / 1024; }

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: measure_lisp DIRECTORY ROUNDS EVALUATIONS\n");
        return 64;
    }
    const std::string directory = argv[1];
    const int rounds = std::atoi(argv[2]);
    const int evaluations = std::atoi(argv[3]);
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench_lisp";
    const auto verb = [&](const std::string& name) {
        run({program, name, "--run-directory", directory, "--log-file", directory + "/log"});
    };

    std::vector<double> boot, swank, idle_memory, boot_memory, swank_memory, latencies;
    for (int round = -1; round < rounds; ++round) {  // the first round warms the caches and does not count
        verb("start");
        auto client = servicekit::Client::connect(directory + "/bench-lisp.control");
        if (!client) give_up(client.error().message());
        const auto ask = [&](const char* event, const servicekit::Object& arguments) {
            if (const auto reply = client->call(event, arguments); !reply) give_up(reply.error().what());
        };
        const auto evaluate = [&] { ask("eval", {{"form", "(+ 1 2)"}}); };
        pid_t pid = 0;
        std::ifstream{directory + "/bench-lisp.pid"} >> pid;

        const long idle = bench::pss_kib(pid);
        const double booted_in = time_of(evaluate);
        const long booted = bench::pss_kib(pid);
        std::vector<double> took;
        for (int i = 0; i < evaluations; ++i) took.push_back(time_of(evaluate));
        const long before_swank = bench::pss_kib(pid);
        const double swank_in = time_of([&] { ask("create-swank-server", {}); });
        const long with_swank = bench::pss_kib(pid);
        verb("stop");
        if (round < 0) continue;
        boot.push_back(booted_in);
        swank.push_back(swank_in);
        idle_memory.push_back(to_mib(idle));
        boot_memory.push_back(to_mib(booted - idle));
        swank_memory.push_back(to_mib(with_swank - before_swank));
        latencies.insert(latencies.end(), took.begin(), took.end());
    }

    std::sort(latencies.begin(), latencies.end());
    const auto percentile = [&](std::size_t percent) { return 1000 * latencies[latencies.size() * percent / 100]; };
    bench::Results results{"lisp", {{"rounds", rounds}, {"evaluations", evaluations}}};
    const auto row = [&](const char* what, const std::vector<double>& values, int decimals) {
        std::printf("%-42s %s\n", what, bench::in_words(bench::spread(values), decimals).c_str());
        results.add("costs", {{"cost", what}, {"value", bench::spread(values)}});
    };
    std::printf("median (least..most) of %d rounds, each a process of its own\n\n", rounds);
    row("first evaluation, ECL boots, ms", boot, 1);
    row("first Swank server, Swank is loaded, ms", swank, 1);
    row("PSS before Lisp boots, MiB", idle_memory, 1);
    row("added PSS with Lisp booted, MiB", boot_memory, 1);
    row("added PSS with Swank, MiB", swank_memory, 1);
    std::printf("%-42s p50 %.0f, p99 %.0f (of %zu, one at a time)\n", "an evaluation over the socket, us",
                percentile(50), percentile(99), latencies.size());
    results.add("evaluations", {{"p50_microseconds", percentile(50)},
                                {"p99_microseconds", percentile(99)},
                                {"count", static_cast<long>(latencies.size())}});
    return 0;
}

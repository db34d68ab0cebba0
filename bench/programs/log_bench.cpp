// Writes lines of about 120 bytes in several ways, in alternating rounds, and prints medians with their spread.
//   log_bench DIRECTORY [ROUNDS [LINES]]   BENCH_JSON: see results.hpp

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/log_router.hpp"
#include "log_writers.hpp"
#include "measurement.hpp"
#include "results.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policies/log/file_log.hpp"

namespace {

using bench::Clock;

double nanoseconds(Clock::duration time) { return std::chrono::duration<double, std::nano>{time}.count(); }

/// The same line as the other writers', formatted by hand. The text of the second is cached, as in good loggers.
std::string_view bare_line(long number) {
    thread_local std::array<char, 256> line;
    thread_local std::time_t second = 0;
    std::timespec now{};
    std::timespec_get(&now, TIME_UTC);
    if (now.tv_sec != second) {
        second = now.tv_sec;
        std::tm parts{};
        gmtime_r(&second, &parts);
        std::strftime(line.data(), line.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
    }
    char* at = line.data() + 20;
    for (long micros = now.tv_nsec / 1000, digit = 100'000; digit > 0; digit /= 10)
        *at++ = static_cast<char>('0' + micros / digit % 10);
    constexpr std::string_view head = "Z info bench[4711]: ";
    at = std::copy(head.begin(), head.end(), at);
    at = std::copy(log_bench_message.begin(), log_bench_message.end(), at);
    *at++ = ' ';
    at = std::to_chars(at, line.data() + line.size(), number).ptr;
    *at++ = '\n';
    return {line.data(), static_cast<std::size_t>(at - line.data())};
}

void write_line(int to, std::string_view line) {
    if (::write(to, line.data(), line.size()) < 0) std::abort();
}

int open_log(const std::string& file) { return ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640); }

LogWriter write_writer() {
    auto descriptor = std::make_shared<int>(-1);
    return {.name = "write(2) a line",
            .open =
                [descriptor](const std::string& file) {
                    *descriptor = open_log(file);
                    return [to = *descriptor](long number) { write_line(to, bare_line(number)); };
                },
            .close = [descriptor] { ::close(*descriptor); }};
}

/// What any log needs that changes files or keeps the rest of a line: only one thread writes at a time.
LogWriter locked_write_writer() {
    auto descriptor = std::make_shared<int>(-1);
    auto mutex = std::make_shared<std::mutex>();
    return {.name = "write(2) a line, with a mutex",
            .open =
                [descriptor, mutex](const std::string& file) {
                    *descriptor = open_log(file);
                    return [to = *descriptor, mutex](long number) {
                        const std::string_view line = bare_line(number);
                        const std::lock_guard lock{*mutex};
                        write_line(to, line);
                    };
                },
            .close = [descriptor] { ::close(*descriptor); }};
}

LogWriter fwrite_writer() {
    auto stream = std::make_shared<FILE*>(nullptr);
    return {.name = "fwrite(3) with 64 KiB",
            .open =
                [stream](const std::string& file) {
                    *stream = std::fopen(file.c_str(), "ae");
                    if (*stream == nullptr || std::setvbuf(*stream, nullptr, _IOFBF, 65536) != 0) std::abort();
                    return [to = *stream](long number) {
                        const std::string_view line = bare_line(number);
                        std::fwrite(line.data(), 1, line.size(), to);
                    };
                },
            .drain = [stream] { std::fflush(*stream); },
            .close = [stream] { std::fclose(*stream); }};
}

/// The code between a call of log().info() and the kernel.
struct OwnLog {
    OwnLog(const std::string& file, std::chrono::milliseconds delay)
        : desk{servicekit::os::posix_clock(), servicekit::os::posix_process(), servicekit::os::posix_standard_streams(),
               servicekit::os::process_boost_log()},
          log{{.delay = delay}} {
        log.configure({.name = "bench", .log_file = file});
        if (!log.open() || !log.start(*loop) || !loop->start()) std::abort();
        desk.set_level(servicekit::LogLevel::info);
        desk.open(log, "bench");
    }
    OwnLog(const OwnLog&) = delete;
    OwnLog& operator=(const OwnLog&) = delete;
    ~OwnLog() {
        desk.close();
        loop->stop();
        log.stop();
        log.close(std::chrono::seconds{10});
    }

    std::unique_ptr<servicekit::os::EventLoop> loop = servicekit::os::make_posix_event_loop("loop");
    servicekit::LogRouter desk;
    servicekit::FileLog log;
};

LogWriter own_writer(std::string name, std::chrono::milliseconds delay) {
    auto own = std::make_shared<std::unique_ptr<OwnLog>>();
    const auto make = [own, delay](const std::string& file) {
        *own = std::make_unique<OwnLog>(file, delay);
        return &(*own)->desk.whole();
    };
    return {.name = std::move(name),
            .open =
                [make](const std::string& file) {
                    return [log = make(file)](long number) { log->info("{} {}", log_bench_message, number); };
                },
            .drain = [own] { (*own)->log.write_at_crash({}); },
            .open_disabled =
                [make](const std::string& file) {
                    return [log = make(file)](long number) { log->debug("{} {}", log_bench_message, number); };
                },
            .close = [own] { own->reset(); }};
}

struct Figures {
    double nanoseconds_a_line = 0;  ///< wall-clock time per line, for all threads, until the last is in the kernel
    double processor = 0;           ///< processor time of all cores per line, in nanoseconds
    double median = 0;              ///< of one call
    double p99 = 0;
};

double processor_time() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return (seconds(usage.ru_utime) + seconds(usage.ru_stime)) * 1e9;
}

void on_threads(int count, const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < count; ++thread) threads.emplace_back(body, thread);
    for (std::thread& thread : threads) thread.join();
}

Figures measure(const LogWriter& writer, const std::string& file, int threads, long lines) {
    std::filesystem::remove(file);
    const auto write = writer.open(file);
    write(0);
    const double processor_before = processor_time();
    const auto begin = Clock::now();
    on_threads(threads, [&](int) {
        for (long line = 0; line < lines; ++line) write(line);
    });
    writer.drain();
    const double all = static_cast<double>(lines) * threads;
    Figures figures{.nanoseconds_a_line = nanoseconds(Clock::now() - begin) / all,
                    .processor = (processor_time() - processor_before) / all};

    std::vector<std::vector<double>> times(static_cast<std::size_t>(threads));
    on_threads(threads, [&](int thread) {
        auto& mine = times[static_cast<std::size_t>(thread)];
        mine.reserve(static_cast<std::size_t>(lines / 10));
        for (long line = 0; line < lines / 10; ++line) {
            const auto before = Clock::now();
            write(line);
            mine.push_back(nanoseconds(Clock::now() - before));
        }
    });
    std::vector<double> calls;
    for (const auto& mine : times) calls.insert(calls.end(), mine.begin(), mine.end());
    std::sort(calls.begin(), calls.end());
    figures.median = calls[calls.size() / 2];
    figures.p99 = calls[calls.size() * 99 / 100];
    writer.close();
    return figures;
}

double measure_disabled(const LogWriter& writer, const std::string& file) {
    constexpr long calls = 1'000'000;
    const auto write = writer.open_disabled(file);
    const auto begin = Clock::now();
    for (long call = 0; call < calls; ++call) write(call);
    const double each = nanoseconds(Clock::now() - begin) / calls;
    writer.close();
    return each;
}

/// The writers in the order of their rows.
std::vector<LogWriter> all_writers([[maybe_unused]] bench::Results& results) {
    std::vector<LogWriter> writers{write_writer(), locked_write_writer(),
                                   own_writer("servicekit, each line at once", std::chrono::milliseconds{0}),
                                   fwrite_writer(), own_writer("servicekit", std::chrono::milliseconds{200})};
#ifdef SERVICEKIT_BENCH_SPDLOG
    for (LogWriter (*const make)() : {spdlog_writer, spdlog_writer_without_pid, spdlog_flushing_writer})
        writers.push_back(make());
#else
    std::printf("spdlog is left out: it was not found at build time\n");
    results.skip("spdlog", "it was not found at build time");
#endif
    writers.push_back(boost_file_writer());
    writers.push_back(boost_asynchronous_writer());
    return writers;
}

void measure_lines(const std::vector<LogWriter>& writers, const std::string& file, int threads, int rounds, long lines,
                   bench::Results& results) {
    std::vector<std::vector<Figures>> all(writers.size());
    for (int round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < writers.size(); ++i)
            all[i].push_back(measure(writers[i], file, threads, lines / threads));
    std::printf("\n%d thread%s, %d rounds of %ld lines   ns a line (least..most)  lines/s   CPU ns   p50 ns   p99 ns\n",
                threads, threads == 1 ? "" : "s", rounds, lines);
    for (std::size_t i = 0; i < writers.size(); ++i) {
        const auto of = [&](double Figures::*figure) {
            std::vector<double> values;
            for (const Figures& figures : all[i]) values.push_back(figures.*figure);
            return bench::spread(values);
        };
        const bench::Spread line = of(&Figures::nanoseconds_a_line);
        const bench::Spread processor = of(&Figures::processor), p50 = of(&Figures::median), p99 = of(&Figures::p99);
        std::printf("%-32s %10.0f (%.0f..%.0f) %12.0f %8.0f %8.0f %8.0f\n", writers[i].name.c_str(), line.median,
                    line.low, line.high, 1e9 / line.median, processor.median, p50.median, p99.median);
        results.add("lines", {{"threads", threads},
                              {"writer", writers[i].name},
                              {"line_nanoseconds", line},
                              {"lines_per_second", 1e9 / line.median},
                              {"cpu_nanoseconds", processor},
                              {"p50_nanoseconds", p50},
                              {"p99_nanoseconds", p99}});
    }
    std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) return 64;
    const std::string directory = arguments[1];
    const int rounds = count > 2 ? std::atoi(arguments[2]) : 5;
    const long lines = count > 3 ? std::atol(arguments[3]) : 200'000;
    const std::string file = directory + "/bench.log";
    bench::Results results{"log", {{"rounds", rounds}, {"lines", lines}}};
    const std::vector<LogWriter> writers = all_writers(results);
    for (const int threads : {1, 4}) measure_lines(writers, file, threads, rounds, lines, results);
    std::printf("\na call below the level, ns (with about 1 ns of the loop)\n");
    for (const LogWriter& writer : writers) {
        if (!writer.open_disabled) continue;
        std::vector<double> times;
        for (int round = 0; round < rounds; ++round) times.push_back(measure_disabled(writer, file));
        const bench::Spread call = bench::spread(times);
        std::printf("%-32s %10.1f\n", writer.name.c_str(), call.median);
        results.add("calls below the level", {{"writer", writer.name}, {"call_nanoseconds", call}});
    }
    return 0;
}

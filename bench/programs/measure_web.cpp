// bench/web: the cost of `servicectl web`, whose services run already.
//
//   measure_web SOCKET PID TALKER CONTROL_SOCKET HUNG SERVICES BROWSERS
//
// SOCKET and PID are those of `servicectl web`. TALKER is the id of the service that logs as fast as it can. HUNG is the
// pid of the service that is stopped for a while; 0: none.
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <servicekit/client.hpp>

#include "measurement.hpp"

namespace {

using bench::Clock;
using namespace std::chrono_literals;

constexpr int scrapes = 7;
constexpr auto watched = 10s;

double milliseconds_since(Clock::time_point begun) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error{what + ": " + std::strerror(errno)}; }

/// A request over the unix socket, and what has come back so far.
class Request {
public:
    Request(const std::string& socket, const std::string& path)
        : descriptor_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
        if (descriptor_ < 0 || connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            fail("connect");
        const std::string text = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        if (send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
            fail("send");
    }
    Request(Request&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)},
          text_{std::move(other.text_)},
          bytes_{other.bytes_},
          is_open_{other.is_open_} {}
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    Request& operator=(Request&&) = delete;
    ~Request() {
        if (descriptor_ >= 0) close(descriptor_);
    }

    [[nodiscard]] int descriptor() const { return is_open_ ? descriptor_ : -1; }
    [[nodiscard]] bool is_open() const { return is_open_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    /// Returns the first bytes of the reply.
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool is_ok() const { return text_.find(" 200 ") < 20; }

    /// Waits for the next part. Keeps the first 64 KiB.
    void receive() {
        static thread_local std::vector<char> buffer(std::size_t{1} << 18U);
        const ssize_t size = recv(descriptor_, buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == EINTR) return;
        if (size <= 0) {
            is_open_ = false;
            return;
        }
        bytes_ += static_cast<std::size_t>(size);
        constexpr std::size_t kept = std::size_t{1} << 16U;
        if (text_.size() < kept) text_.append(buffer.data(), static_cast<std::size_t>(size));
    }
    void receive_all() {
        while (is_open_) receive();
    }
    void receive_until(std::string_view part) {
        while (is_open_ && text_.find(part) == std::string::npos) receive();
        if (text_.find(part) == std::string::npos) throw std::runtime_error{"a stream ended: " + text_.substr(0, 300)};
    }

private:
    int descriptor_;
    std::string text_ = {};
    std::size_t bytes_ = 0;
    bool is_open_ = true;
};

/// Waits until the page is there: the server may not know the service yet.
void await_page(const std::string& socket, const std::string& path) {
    for (const auto begun = Clock::now(); milliseconds_since(begun) < 30'000;) {
        Request request{socket, path};
        request.receive_all();
        if (request.is_ok()) return;
        std::this_thread::sleep_for(100ms);
    }
    throw std::runtime_error{path + " does not answer 200"};
}

long resident_kib(pid_t pid) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string word; status >> word;)
        if (long count = 0; word == "VmRSS:" && status >> count) return count;
    return -1;
}

/// Returns how many lines the log of a service has lost.
double lost_lines(const std::string& control) {
    const auto reply = servicekit::call(control, "metrics");
    if (!reply) throw std::runtime_error{"the event 'metrics' failed"};
    double lost = 0;
    for (const servicekit::Value& family : reply->find("metrics")->as_list()) {
        if (family.as_object().get<std::string>("name") != "servicekit_log_lines_lost") continue;
        for (const servicekit::Value& series : family.as_object().find("series")->as_list())
            lost += series.as_object().get<double>("value");
    }
    return lost;
}

/// Returns the time until the whole page has come, and adds its size.
double time_of_page(const std::string& socket, const std::string& path, std::size_t& bytes) {
    const auto begun = Clock::now();
    Request request{socket, path};
    request.receive_all();
    const double time = milliseconds_since(begun);
    if (!request.is_ok()) throw std::runtime_error{path + " does not answer 200"};
    bytes += request.bytes();
    return time;
}

void measure_scrapes(const std::string& socket, pid_t web, int services) {
    std::vector<double> times;
    std::vector<double> cpu;
    std::size_t bytes = 0;
    for (int i = 0; i < scrapes; ++i) {
        const double cpu_before = bench::cpu_microseconds(web);
        bytes = 0;
        times.push_back(time_of_page(socket, "/metrics", bytes));
        cpu.push_back((bench::cpu_microseconds(web) - cpu_before) / 1000);
    }
    std::printf("/metrics of %d services: %s ms, %zu bytes, CPU of servicectl web %s ms\n", services,
                in_words(bench::spread(times), 1).c_str(), bytes, in_words(bench::spread(cpu), 1).c_str());
}

void measure_watching(const std::string& socket, pid_t web, int services) {
    Request list{socket, "/live"};
    list.receive_until("event: list");
    // The time is what is measured.
    const double before = bench::cpu_microseconds(web);
    const auto begun = Clock::now();
    std::this_thread::sleep_for(watched);
    const double share = (bench::cpu_microseconds(web) - before) / (milliseconds_since(begun) * 1000) * 100;
    std::printf("watching %d services for 10 s: CPU of servicectl web %.1f %% of a core, RSS %.1f MiB\n", services,
                share, static_cast<double>(resident_kib(web)) / 1024);
}

void measure_hung(const std::string& socket, pid_t web, const std::string& other, pid_t hung) {
    if (kill(hung, SIGSTOP) != 0) fail("stop a service");
    std::vector<double> metrics;
    std::vector<double> lists;
    std::vector<double> pages;
    std::size_t bytes = 0;
    const double before = bench::cpu_microseconds(web);
    const auto begun = Clock::now();
    for (int i = 0; i < scrapes; ++i) {
        metrics.push_back(time_of_page(socket, "/metrics", bytes));
        lists.push_back(time_of_page(socket, "/", bytes));
        pages.push_back(time_of_page(socket, "/services/" + other, bytes));
        std::this_thread::sleep_for(1s);
    }
    const double share = (bench::cpu_microseconds(web) - before) / (milliseconds_since(begun) * 1000) * 100;
    kill(hung, SIGCONT);
    std::printf("one of them is stopped: /metrics %s ms, the list %s ms, the page of another %s ms\n",
                in_words(bench::spread(metrics), 1).c_str(), in_words(bench::spread(lists), 1).c_str(),
                in_words(bench::spread(pages), 1).c_str());
    std::printf("  CPU of servicectl web %.1f %% of a core\n", share);
}

/// Reads all streams until the flag is set.
void drain(std::vector<Request>& streams, const std::atomic<bool>& is_over) {
    std::vector<pollfd> polled(streams.size());
    while (!is_over) {
        for (std::size_t i = 0; i < streams.size(); ++i)
            polled[i] = {.fd = streams[i].descriptor(), .events = POLLIN, .revents = 0};
        if (poll(polled.data(), polled.size(), 50) < 0 && errno != EINTR) fail("poll");
        for (std::size_t i = 0; i < streams.size(); ++i)
            if (polled[i].revents != 0) streams[i].receive();
    }
}

void measure_flood(const std::string& socket, pid_t web, const std::string& talker, const std::string& control,
                   int browsers) {
    const std::string page = "/services/" + talker;
    await_page(socket, page);
    std::vector<Request> streams;
    for (int i = 0; i < browsers; ++i) {
        streams.emplace_back(socket, page + "/live");
        streams.back().receive_until("event: service");
    }
    const double seconds = std::chrono::duration<double>(watched).count() + 2;
    std::int64_t lines = -1;
    std::thread flood{[&] {
        if (const auto reply = servicekit::call(control, "talk", {{"seconds", seconds}}))
            lines = reply->get<std::int64_t>("lines");
    }};
    std::atomic<bool> is_over{false};
    std::thread reader{[&] { drain(streams, is_over); }};
    std::this_thread::sleep_for(1s);

    const double before = bench::cpu_microseconds(web);
    const auto begun = Clock::now();
    std::vector<double> times;
    long most_kib = 0;
    while (Clock::now() - begun < watched) {
        std::size_t bytes = 0;
        times.push_back(time_of_page(socket, page, bytes));
        most_kib = std::max(most_kib, resident_kib(web));
        std::this_thread::sleep_for(100ms);
    }
    const double share = (bench::cpu_microseconds(web) - before) / (milliseconds_since(begun) * 1000) * 100;
    is_over = true;
    reader.join();
    flood.join();
    if (lines < 0) throw std::runtime_error{"the event 'talk' failed"};

    std::size_t open = 0;
    std::size_t bytes = 0;
    for (const Request& stream : streams) {
        // It had the first news before the flood, and lines of the log since.
        if (stream.is_open() && stream.is_ok() && stream.text().find("event: log") != std::string::npos) ++open;
        bytes += stream.bytes();
    }
    const double logged = static_cast<double>(lines);
    std::printf("a service that logs %.0f lines a second and writes %.0f of them, %d browsers on its page:\n",
                logged / seconds, (logged - lost_lines(control)) / seconds, browsers);
    std::printf("  streams open at the end %zu of %d, %.1f KiB for each\n", open, browsers,
                static_cast<double>(bytes) / 1024 / browsers);
    std::printf("  CPU of servicectl web %.1f %% of a core, RSS at most %.1f MiB\n", share,
                static_cast<double>(most_kib) / 1024);
    std::printf("  time of the page %s ms, of %zu\n", in_words(bench::spread(times), 1).c_str(), times.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 8) {
        std::fprintf(stderr, "usage: measure_web SOCKET PID TALKER CONTROL_SOCKET HUNG SERVICES BROWSERS\n");
        return 64;
    }
    const std::string socket = argv[1];
    const pid_t web = std::atoi(argv[2]);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
        measure_scrapes(socket, web, std::atoi(argv[6]));
        measure_watching(socket, web, std::atoi(argv[6]));
        if (const pid_t hung = std::atoi(argv[5]); hung > 0) measure_hung(socket, web, argv[3], hung);
        measure_flood(socket, web, argv[3], argv[4], std::atoi(argv[7]));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "measure_web: %s\n", error.what());
        return 71;
    }
    return 0;
}

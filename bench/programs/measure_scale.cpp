// bench/scale: how the control socket does with many events, and with many open connections.
//
//   measure_scale DIRECTORY ROUNDS SECONDS   with bench_service beside this program; BENCH_JSON: see results.hpp
//
// The server runs on core 0. One client on core 1 keeps its connection and asks, one request at a time.
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "control_load.hpp"
#include "control_server.hpp"
#include "measurement.hpp"
#include "results.hpp"

namespace {

constexpr int server_core = 0;
constexpr int client_core = 1;
constexpr int most_connections = 10'000;

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "measure_scale: %s\n", what.c_str());
    std::exit(70);
}

bench::ControlServer service_in(const std::string& directory) {
    std::filesystem::create_directory(directory);
    const std::string here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    return {.label = "servicekit",
            .command = {here + "/bench_service", "run", "--run-directory", directory, "--log-file",
                        directory + "/bench.log"},
            .socket = directory + "/bench-service.control",
            .is_right = [](std::string_view reply) { return reply.starts_with("{\"pid\":"); }};
}

void start(bench::ControlServer& server, const std::vector<bench::ControlServer>& earlier) {
    if (const std::string fault = bench::launch(server, earlier, server_core); !fault.empty())
        give_up(server.label + " " + fault);
}

double replies_a_second(const bench::ControlServer& server, double seconds) {
    const auto begun = bench::Clock::now();
    const auto replies = static_cast<double>(bench::load(server, bench::Style::persistent, 1, seconds, client_core));
    return replies / std::chrono::duration<double>(bench::Clock::now() - begun).count();
}

/// Services with different numbers of events, each asked in each round.
void measure_events(const std::string& directory, int rounds, double seconds, bench::Results& results) {
    const std::vector<int> counts{1, 1'000, 100'000};
    std::vector<bench::ControlServer> servers;
    for (const int count : counts) {
        setenv("BENCH_EVENTS", std::to_string(count).c_str(), 1);
        bench::ControlServer server = service_in(directory + "/events-" + std::to_string(count));
        start(server, servers);
        servers.push_back(std::move(server));
    }
    unsetenv("BENCH_EVENTS");
    // event-1 was declared last.
    const auto last_event = [](bench::ControlServer server) {
        server.request = "[\"event-1\"]\n";
        server.is_right = [](std::string_view reply) { return reply == "{}\n"; };
        return server;
    };
    std::vector<std::vector<double>> statuses(counts.size()), events(counts.size());
    for (int round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < servers.size(); ++i) {
            statuses[i].push_back(replies_a_second(servers[i], seconds));
            events[i].push_back(replies_a_second(last_event(servers[i]), seconds));
        }
    std::printf("%-12s %-28s %-28s %s\n", "events", "status/s", "the last event/s", "PSS, KiB");
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const auto status = bench::spread(statuses[i]), event = bench::spread(events[i]);
        const long pss = bench::pss_kib(servers[i].pid);
        std::printf("%-12d %-28s %-28s %ld\n", counts[i], bench::in_words(status, 0).c_str(),
                    bench::in_words(event, 0).c_str(), pss);
        results.add(
            "events",
            {{"events", counts[i]}, {"status_per_second", status}, {"event_per_second", event}, {"pss_kib", pss}});
    }
    bench::end(servers);
}

/// \returns a connection that has asked once, and stays open
int connect_and_ask(const bench::ControlServer& server) {
    const int client = bench::connect_to(server.socket);
    pollfd readable{.fd = client, .events = POLLIN, .revents = 0};
    char reply[1024];
    if (client < 0 || send(client, server.request.data(), server.request.size(), MSG_NOSIGNAL) < 0 ||
        poll(&readable, 1, 5'000) != 1 || recv(client, reply, sizeof reply, 0) <= 0 || reply[0] != '{')
        give_up("a connection got no reply");
    return client;
}

void measure_connections(const std::string& directory, int rounds, double seconds, bench::Results& results) {
    setenv("BENCH_CONNECTIONS", std::to_string(most_connections + 100).c_str(), 1);
    std::vector<bench::ControlServer> servers{service_in(directory + "/connections")};
    start(servers.front(), {});
    unsetenv("BENCH_CONNECTIONS");
    const bench::ControlServer& server = servers.front();
    std::vector<int> open;
    long pss_before = 0;
    std::printf("\n%-12s %-28s %-12s %s\n", "connections", "status/s", "PSS, KiB", "bytes a connection");
    for (const int count : {0, 100, 1'000, most_connections}) {
        while (static_cast<int>(open.size()) < count) open.push_back(connect_and_ask(server));
        std::vector<double> rates;
        for (int round = 0; round < rounds; ++round) rates.push_back(replies_a_second(server, seconds));
        const auto rate = bench::spread(rates);
        const long pss = bench::pss_kib(server.pid);
        if (count == 0) pss_before = pss;
        const double bytes = count > 0 ? static_cast<double>(pss - pss_before) * 1024 / count : 0;
        std::printf("%-12d %-28s %-12ld %.0f\n", count, bench::in_words(rate, 0).c_str(), pss, bytes);
        results.add(
            "connections",
            {{"connections", count}, {"status_per_second", rate}, {"pss_kib", pss}, {"bytes_per_connection", bytes}});
    }
    for (const int client : open) close(client);
    bench::end(servers);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: measure_scale DIRECTORY ROUNDS SECONDS\n");
        return 64;
    }
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 4 * most_connections / 3) give_up("the limit of open files is too low");

    const std::string directory = argv[1];
    const int rounds = std::atoi(argv[2]);
    const double seconds = std::atof(argv[3]);
    bench::Results results{
        "scale",
        {{"rounds", rounds}, {"seconds", seconds}, {"server_core", server_core}, {"client_core", client_core}}};
    std::printf("median (least..most) of %d rounds of %.1f s; server on core %d, client on core %d\n\n", rounds,
                seconds, server_core, client_core);
    measure_events(directory, rounds, seconds, results);
    measure_connections(directory, rounds, seconds, results);
    return 0;
}

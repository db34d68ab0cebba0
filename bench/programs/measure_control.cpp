// bench/control: requests per second over the control socket, beside bare C servers that send the same bytes, and beside
// other servers that answer a small request on a unix socket.
//
//   measure_control DIRECTORY ROUNDS SECONDS [CLIENT_CORE]   with the servers beside this program;
//                                                            BENCH_JSON: see results.hpp
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "control_load.hpp"
#include "control_server.hpp"
#include "measurement.hpp"
#include "results.hpp"

namespace {

constexpr int server_core = 0;

void skip(bench::Results& results, const std::string& what, const std::string& reason) {
    std::printf("%s is left out: %s\n", what.c_str(), reason.c_str());
    results.skip(what, reason);
}

std::vector<bench::ControlServer> start_servers(const std::string& directory, bench::Results& results) {
    std::vector<bench::ControlServer> running;
    const auto missing = [&](const std::string& what, const std::string& reason) { skip(results, what, reason); };
    for (bench::ControlServer& server : bench::control_servers(directory, missing)) {
        const std::string fault = bench::launch(server, running, server_core);
        if (fault.empty()) {
            running.push_back(std::move(server));
        } else if (server.is_peer) {
            skip(results, server.label, "it " + fault);
            std::vector<bench::ControlServer> failed{std::move(server)};
            bench::end(failed);
        } else {
            std::fprintf(stderr, "measure_control: %s %s\n", server.label.c_str(), fault.c_str());
            std::exit(70);
        }
    }
    return running;
}

struct Row {
    std::vector<double> rate, cpu, ratio, ratio_to_handing;
};

/// Loads each server once a round, in alternating order.
/// \returns a row for each server
std::vector<Row> measure(const std::vector<bench::ControlServer>& servers, bench::Style style, int clients, int rounds,
                         double seconds, int client_core) {
    std::vector<Row> rows(servers.size());
    for (int round = 0; round < rounds; ++round) {
        std::vector<double> rates(servers.size());
        for (std::size_t step = 0; step < servers.size(); ++step) {
            const std::size_t i = round % 2 == 0 ? step : servers.size() - 1 - step;
            const double before = bench::cpu_microseconds(servers[i].pid);
            const auto begun = bench::Clock::now();
            const auto replies = static_cast<double>(bench::load(servers[i], style, clients, seconds, client_core));
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
    return rows;
}

void print(const Row& row, const char* connections, int clients, const std::string& server, bench::Results& results) {
    const auto rate = bench::spread(row.rate), cpu = bench::spread(row.cpu), ratio = bench::spread(row.ratio),
               ratio_to_handing = bench::spread(row.ratio_to_handing);
    std::printf("%-16s %7d  %-30s %-28s %-20s %-19s %s\n", connections, clients, server.c_str(),
                bench::in_words(rate, 0).c_str(), bench::in_words(cpu, 1).c_str(), bench::in_words(ratio, 2).c_str(),
                bench::in_words(ratio_to_handing, 2).c_str());
    std::fflush(stdout);
    results.add("requests", {{"connections", connections},
                             {"clients", clients},
                             {"server", server},
                             {"requests_per_second", rate},
                             {"cpu_microseconds", cpu},
                             {"to_bare", ratio},
                             {"to_bare_handed_over", ratio_to_handing}});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4 && argc != 5) {
        std::fprintf(stderr, "usage: measure_control DIRECTORY ROUNDS SECONDS [CLIENT_CORE]\n");
        return 64;
    }
    const std::string directory = argv[1];
    const int rounds = std::atoi(argv[2]);
    const double seconds = std::atof(argv[3]);
    const int client_core = argc > 4 ? std::atoi(argv[4]) : 1;
    bench::Results results{
        "control",
        {{"rounds", rounds}, {"seconds", seconds}, {"server_core", server_core}, {"client_core", client_core}}};
    std::vector<bench::ControlServer> servers = start_servers(directory, results);

    std::printf(
        "requests a second and the server's processor time for each, median (least..most) of %d rounds of %.1f s;\n"
        "server on core %d, clients on core %d; ratios to both bare servers in the same round\n\n",
        rounds, seconds, server_core, client_core);
    std::printf("%-16s %7s  %-30s %-28s %-20s %-19s %s\n", "connections", "clients", "server", "requests/s",
                "us/request", "to bare C", "to bare C, handed over");
    std::fflush(stdout);
    for (const bench::Style style : {bench::Style::persistent, bench::Style::one_request_each}) {
        std::vector<bench::ControlServer> measured;
        for (const bench::ControlServer& server : servers)
            if (style == bench::Style::one_request_each || !server.reply_end.empty()) measured.push_back(server);
        for (const int clients : {1, 8, 256}) {
            const std::vector<Row> rows = measure(measured, style, clients, rounds, seconds, client_core);
            for (std::size_t i = 0; i < rows.size(); ++i)
                print(rows[i], style == bench::Style::persistent ? "persistent" : "one request each", clients,
                      measured[i].label, results);
        }
    }
    bench::end(servers);
    return 0;
}

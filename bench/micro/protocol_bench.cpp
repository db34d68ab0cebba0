#include "core/protocol.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace {

void decode_small_request(benchmark::State& state) {
    const std::string text = R"(["backup", {"directory": "/var/backups/app/"}])";
    for (auto _ : state) benchmark::DoNotOptimize(servicekit::decode_request(text));
}
BENCHMARK(decode_small_request);

void encode_status(benchmark::State& state) {
    const servicekit::Object status{{"pid", 4711},
                                    {"control-socket", "/run/just-another-server.control"},
                                    {"uptime", 12},
                                    {"name", "just-another-server"},
                                    {"version", "1.0"},
                                    {"state", "running"},
                                    {"started-at", "2026-11-22T06:10:00Z"}};
    for (auto _ : state) benchmark::DoNotOptimize(servicekit::encode_reply(status));
}
BENCHMARK(encode_status);

void refuse_deep_nesting(benchmark::State& state) {
    const std::string text(static_cast<std::size_t>(state.range(0)), '[');
    for (auto _ : state) benchmark::DoNotOptimize(servicekit::decode_request(text));
}
BENCHMARK(refuse_deep_nesting)->Arg(200'000);

}  // namespace

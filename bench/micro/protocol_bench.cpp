#include "core/protocol.hpp"

#include <benchmark/benchmark.h>
#include <rapidjson/document.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/json_scanner.hpp"
#include "servicekit/core/event_table.hpp"

namespace {

void decode_small_request(benchmark::State& state) {
    const std::string text = R"(["backup", {"directory": "/var/backups/app/"}])";
    for (auto _ : state) benchmark::DoNotOptimize(servicekit::decode_request(text));
}
BENCHMARK(decode_small_request);

/// A request with a text of this many bytes.
std::string request_of(std::int64_t bytes) {
    return R"(["import", {"text": ")" + std::string(static_cast<std::size_t>(bytes), 'x') + "\"}]";
}

/// All that reads a request: where it ends, and what it says.
void read_request(benchmark::State& state) {
    const std::string text = request_of(state.range(0));
    servicekit::JsonScanner scanner{{.max_bytes = 2 * text.size(), .max_depth = 64}};
    for (auto _ : state) {
        benchmark::DoNotOptimize(scanner.feed(text));
        benchmark::DoNotOptimize(servicekit::decode_request(text));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(read_request)->Arg(1)->Arg(1'024)->Arg(1'048'576);

/// RapidJSON alone, for the same text, with the same checks.
void read_request_rapidjson(benchmark::State& state) {
    const std::string text = request_of(state.range(0));
    for (auto _ : state) {
        rapidjson::Document document;
        document.Parse<rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag>(text.data(),
                                                                                               text.size());
        benchmark::DoNotOptimize(document);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(read_request_rapidjson)->Arg(1)->Arg(1'024)->Arg(1'048'576);

/// Finds the last of many events.
void find_event(benchmark::State& state) {
    servicekit::EventTable events;
    for (std::int64_t number = 1; number <= state.range(0); ++number)
        events.add({.name = "event-" + std::to_string(number),
                    .handler = [](const servicekit::Arguments&, servicekit::Context&) { return servicekit::Reply{}; }});
    const std::string last = "event-" + std::to_string(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(events.find(last));
}
BENCHMARK(find_event)->Arg(1)->Arg(1'000)->Arg(100'000);

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

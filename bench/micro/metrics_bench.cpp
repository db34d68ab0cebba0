#include "servicekit/core/metrics.hpp"

#include <benchmark/benchmark.h>

#include <atomic>
#include <string>

#include "core/metrics_json.hpp"
#include "core/metrics_text.hpp"

namespace {

servicekit::Metrics& metrics() {
    static servicekit::Metrics all{[](std::string_view) { return false; }};
    return all;
}

// To compare with.
void add_to_an_atomic(benchmark::State& state) {
    alignas(64) static std::atomic<std::uint64_t> count{0};
    for (auto _ : state) count.fetch_add(1, std::memory_order_relaxed);
}
BENCHMARK(add_to_an_atomic)->Threads(1)->Threads(4)->UseRealTime();

void add_to_a_counter(benchmark::State& state) {
    static const servicekit::Counter counter = metrics().counter("lines", "lines taken in");
    for (auto _ : state) counter.add();
}
BENCHMARK(add_to_a_counter)->Threads(1)->Threads(4)->UseRealTime();

void add_to_a_series(benchmark::State& state) {
    static const auto replies = metrics().labelled_counter("replies", "replies that were sent", {"method", "code"});
    const servicekit::Counter ok = replies.with({"get", "200"});
    for (auto _ : state) ok.add();
}
BENCHMARK(add_to_a_series)->Threads(1)->Threads(4)->UseRealTime();

void observe(benchmark::State& state) {
    static const servicekit::Histogram times =
        metrics().histogram("reply", "how long a reply takes", {0.001, 0.01, 0.1, 1, 10}, "seconds");
    for (auto _ : state) times.observe(0.05);
}
BENCHMARK(observe)->Threads(1)->Threads(4)->UseRealTime();

const servicekit::Metrics& of_a_thousand_series() {
    static servicekit::Metrics all{[](std::string_view) { return false; }};
    static const bool is_filled = [] {
        const auto counters = all.labelled_counter("replies", "replies that were sent", {"code"});
        for (int i = 0; i < 1000; ++i) counters.with({std::to_string(i)}).add(1'000'000);
        return true;
    }();
    benchmark::DoNotOptimize(is_filled);
    return all;
}

void text_of_a_thousand_series(benchmark::State& state) {
    const auto& all = of_a_thousand_series();
    for (auto _ : state)
        benchmark::DoNotOptimize(servicekit::metrics_text(all.collect(), servicekit::MetricsFormat::prometheus));
}
BENCHMARK(text_of_a_thousand_series);

void json_of_a_thousand_series(benchmark::State& state) {
    const auto& all = of_a_thousand_series();
    for (auto _ : state) benchmark::DoNotOptimize(servicekit::metrics_to_json(all.collect()));
}
BENCHMARK(json_of_a_thousand_series);

}  // namespace

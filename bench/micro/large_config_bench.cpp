// Measures a reload by the number of keys in one object. It reports the complexity, which must stay linear.
#include <benchmark/benchmark.h>

#include <string>

#include "core/changed_keys.hpp"
#include "core/layered_settings.hpp"
#include "servicekit/base/json.hpp"

namespace {

using servicekit::LayeredSettings;

/// About 100 bytes per key: 100,000 of them are 10 MB.
std::string config_of(benchmark::IterationCount keys, const std::string& value) {
    std::string text = R"({"app": {)";
    for (benchmark::IterationCount key = 0; key < keys; ++key) {
        if (key > 0) text += ",\n";
        text += "\"key-" + std::to_string(key) + "\": \"" + value + std::string(80, '.') + "\"";
    }
    return text + "}}";
}

void reload(benchmark::State& state) {
    const std::string before = config_of(state.range(0), "a");
    const std::string after = config_of(state.range(0), "b");
    LayeredSettings in_force;
    in_force.read_config(before, "config");
    for (auto _ : state) {
        LayeredSettings next = in_force;
        next.read_config(after, "config");
        benchmark::DoNotOptimize(servicekit::changed_keys(in_force.app_value(), next.app_value()));
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(after.size()) * state.iterations());
    state.SetComplexityN(state.range(0));
}
BENCHMARK(reload)->RangeMultiplier(10)->Range(100, 100'000)->Unit(benchmark::kMillisecond)->Complexity();

void look_up_each_key(benchmark::State& state) {
    LayeredSettings settings;
    settings.read_config(config_of(state.range(0), "a"), "config");
    const servicekit::Object keys = settings.app_value().as_object();
    for (auto _ : state)
        for (const auto& [key, value] : keys) benchmark::DoNotOptimize(settings.app().has(key));
    state.SetComplexityN(state.range(0));
}
BENCHMARK(look_up_each_key)->RangeMultiplier(10)->Range(10, 100'000)->Unit(benchmark::kMillisecond)->Complexity();

}  // namespace

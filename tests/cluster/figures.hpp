#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace servicekit::test {

/// The number of faults in a run: SERVICEKIT_CLUSTER_FAULTS, or a few.
[[nodiscard]] inline int faults_per_run() {
    const char* const wanted = std::getenv("SERVICEKIT_CLUSTER_FAULTS");
    const int number = wanted == nullptr ? 0 : std::atoi(wanted);
    return number > 0 ? number : 10;
}

/// Returns in words: "p50 3.21 s, p99 4.10 s of 30". \param durations must not be empty
[[nodiscard]] inline std::string percentiles(std::vector<std::chrono::nanoseconds> durations) {
    std::sort(durations.begin(), durations.end());
    const auto at = [&](double part) {
        const auto index = static_cast<std::size_t>(part * static_cast<double>(durations.size()));
        return std::chrono::duration<double, std::milli>{durations[std::min(index, durations.size() - 1)]}.count();
    };
    char text[128];
    std::snprintf(text, sizeof text, "p50 %.0f ms, p99 %.0f ms, longest %.0f ms of %zu", at(0.5), at(0.99), at(1),
                  durations.size());
    return text;
}

/// Prints a line that scripts find in the log of CTest.
inline void print_figure(const std::string& line) {
    std::printf("cluster: %s\n", line.c_str());
    std::fflush(stdout);
}

}  // namespace servicekit::test

#pragma once

#include <sched.h>
#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

/// Pins a process to one core; 0 is the caller and what it starts.
inline void pin(pid_t pid, int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(core), &set);
    if (pid == 0) {
        sched_setaffinity(0, sizeof set, &set);
        return;
    }
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task"))
        sched_setaffinity(std::stoi(task.path().filename()), sizeof set, &set);
}

/// Returns the processor time of all threads of a process, in microseconds.
inline double cpu_microseconds(pid_t pid) {
    double total = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        double nanoseconds = 0;
        std::ifstream{task.path() / "schedstat"} >> nanoseconds;
        total += nanoseconds / 1000;
    }
    return total;
}

/// Returns how often the threads of a process went to sleep so far, and thus how often they were woken.
inline long switches(pid_t pid) {
    long total = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        std::ifstream status{task.path() / "status"};
        for (std::string word; status >> word;)
            if (long count = 0; word == "voluntary_ctxt_switches:" && status >> count) total += count;
    }
    return total;
}

/// Returns the proportional set size of a process, in KiB.
inline long pss_kib(pid_t pid) {
    std::ifstream rollup{"/proc/" + std::to_string(pid) + "/smaps_rollup"};
    for (std::string word; rollup >> word;)
        if (long count = 0; word == "Pss:" && rollup >> count) return count;
    return -1;
}

struct Spread {
    double low = 0;
    double median = 0;
    double high = 0;
};

inline Spread spread(std::vector<double> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    return {values.front(), values[values.size() / 2], values.back()};
}

inline std::string in_words(const Spread& values, int decimals) {
    char text[96];
    std::snprintf(text, sizeof text, "%.*f (%.*f..%.*f)", decimals, values.median, decimals, values.low, decimals,
                  values.high);
    return text;
}

}  // namespace bench

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/witness.hpp"

namespace servicekit::test {

/// The time between the first and the last stamp with one token.
struct Activity {
    std::uint64_t token = 0;
    std::int64_t first = 0;  ///< nanoseconds of CLOCK_BOOTTIME
    std::int64_t last = 0;
    std::uint32_t writer = 0;
    std::int32_t pid = 0;
    std::uint64_t stamps = 0;
};

/// What the stamps prove.
struct Verdict {
    std::vector<Activity> activities;     ///< ordered by time
    std::vector<std::string> violations;  ///< in words; empty: at no moment two were active
    std::uint64_t stamps = 0;
    std::chrono::nanoseconds smallest_gap{0};  ///< between two activities
};

/// Judges all stamps so far.
[[nodiscard]] Verdict judge(const Witness& witness);

}  // namespace servicekit::test

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ratio>
#include <string>

#include "servicekit/os/clock.hpp"

namespace servicekit::cluster {

/// The shortest pause between two attempts of an election.
inline constexpr std::chrono::milliseconds shortest_pause{50};

/// Returns the time in tenths of seconds, for people: "4.2 s".
[[nodiscard]] inline std::string about(os::BootClock::duration time) {
    using Tenths = std::chrono::duration<std::int64_t, std::deci>;
    const auto tenths = std::chrono::duration_cast<Tenths>(std::max(time, os::BootClock::duration{0})).count();
    return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " s";
}

}  // namespace servicekit::cluster

#pragma once

#include <chrono>

namespace servicekit::os {

/// The two clocks that a service uses.
class Clock {
public:
    virtual ~Clock() = default;
    /// CLOCK_MONOTONIC, for deadlines and durations.
    [[nodiscard]] virtual std::chrono::steady_clock::time_point steady_now() const = 0;
    /// CLOCK_REALTIME, for times that people read.
    [[nodiscard]] virtual std::chrono::system_clock::time_point system_now() const = 0;
};

/// Returns the real implementation.
[[nodiscard]] Clock& posix_clock();

}  // namespace servicekit::os

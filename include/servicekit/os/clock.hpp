#pragma once

#include <chrono>

namespace servicekit::os {

/// CLOCK_BOOTTIME as a type of times: it also counts while the machine is suspended, and nobody sets it.
struct BootClock {
    ///@{
    /// As of each clock of the standard library.
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
    ///@}
};

/// The clocks that a service uses.
class Clock {
public:
    virtual ~Clock() = default;
    /// CLOCK_MONOTONIC, for deadlines and durations.
    [[nodiscard]] virtual std::chrono::steady_clock::time_point steady_now() const = 0;
    /// CLOCK_BOOTTIME, for promises to other machines.
    [[nodiscard]] virtual BootClock::time_point boot_now() const = 0;
    /// CLOCK_REALTIME, for times that people read.
    [[nodiscard]] virtual std::chrono::system_clock::time_point system_now() const = 0;
};

/// Returns the real implementation.
[[nodiscard]] Clock& posix_clock();

}  // namespace servicekit::os

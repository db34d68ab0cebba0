#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

namespace servicekit::os {

/// A point on the monotonic clock, for calls that take a timeout and may have to be repeated.
class Deadline {
public:
    using Clock = std::chrono::steady_clock;

    explicit Deadline(std::chrono::milliseconds from_now) : end_{saturated(from_now)} {}

    [[nodiscard]] bool passed() const { return Clock::now() >= end_; }

    /// The remaining time for poll(2), rounded up, so that passed() is true after a poll() that timed out. At most
    /// INT_MAX milliseconds: if more remains, passed() can be false after such a poll().
    [[nodiscard]] int poll_timeout() const {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now()).count();
        return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
    }

private:
    static Clock::time_point saturated(std::chrono::milliseconds from_now) {
        // Beyond any uptime, yet far from an overflow of the clock.
        constexpr std::chrono::milliseconds forever = std::chrono::hours{24 * 365 * 100};
        return Clock::now() + std::clamp(from_now, std::chrono::milliseconds::zero(), forever);
    }

    Clock::time_point end_;
};

}  // namespace servicekit::os

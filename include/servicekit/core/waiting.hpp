#pragma once

#include <chrono>
#include <stop_token>

namespace servicekit {

/// Waits that a stop interrupts. Thread-safe.
class Waiting {
public:
    /// A time of the clock that nobody sets.
    using Time = std::chrono::steady_clock::time_point;

    virtual ~Waiting() = default;
    /// The current time.
    [[nodiscard]] virtual Time now() const = 0;
    /// Waits until a point in time.
    /// \param time at most a hundred years from now
    /// \returns true if the time has come, false if the stop came first
    virtual bool wait_until(Time time, const std::stop_token& stop) const = 0;
};

/// Waits on the real clock.
[[nodiscard]] const Waiting& real_waiting();

/// The time at which a wait ends. \param time rounded up to milliseconds; at most a hundred years
template <class Rep, class Period>
[[nodiscard]] Waiting::Time end_of_wait(Waiting::Time now, std::chrono::duration<Rep, Period> time) {
    using std::chrono::milliseconds;
    constexpr milliseconds longest = std::chrono::hours{24 * 365 * 100};
    // The largest value of a coarse unit does not fit into milliseconds.
    if (time <= std::chrono::duration<Rep, Period>::zero()) return now;
    const bool is_shorter = std::chrono::duration<double>{time} < longest;
    const auto whole = is_shorter ? std::chrono::ceil<milliseconds>(time) : longest;
    return now + whole;
}

}  // namespace servicekit

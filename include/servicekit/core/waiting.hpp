#pragma once

#include <chrono>
#include <stop_token>

namespace servicekit {

/// Sleeps that a stop cuts short. Thread-safe.
class Waiting {
public:
    using Time = std::chrono::steady_clock::time_point;

    virtual ~Waiting() = default;
    [[nodiscard]] virtual Time now() const = 0;
    /// \param time a hundred years from now at most
    /// \returns whether the time came; false if the stop came first
    virtual bool wait_until(Time time, const std::stop_token& stop) const = 0;
};

/// On the real clock.
[[nodiscard]] const Waiting& real_waiting();

/// When a wait of this length ends. \param time rounded up to milliseconds; at most a hundred years
template <class Rep, class Period>
[[nodiscard]] Waiting::Time end_of_wait(Waiting::Time now, std::chrono::duration<Rep, Period> time) {
    using std::chrono::milliseconds;
    constexpr milliseconds longest = std::chrono::hours{24 * 365 * 100};
    // As the largest of a coarse unit does not fit into milliseconds.
    const bool is_shorter = std::chrono::duration<double>{time} < longest;
    const auto whole = is_shorter ? std::chrono::ceil<milliseconds>(time) : longest;
    return now + whole;
}

}  // namespace servicekit

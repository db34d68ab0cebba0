#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace servicekit {

/// How long a step of a service's life, a start or a stop, may take. Progress extends the time, up to a maximum.
/// Thread-safe.
class StepLimit {
public:
    using Instant = std::chrono::steady_clock::time_point;
    using Time = std::chrono::milliseconds;

    /// How long a step may take from each sign of progress.
    static constexpr Time extension{25'000};

    /// Begins the step.
    /// \param in_all how long the step may take with all extensions; less than `at_most` allows none
    void begin(Instant now, Time at_most, Time in_all);
    /// Notes progress. \returns how long the step may still take, at least; 0 if no time is left
    Time extend(Instant now);
    /// \returns how long the step may still take; 0 once the time is over
    [[nodiscard]] Time left(Instant now) const;
    /// Returns the limit that applies, for a message: "8 s", "25 s without progress", "900 s in all".
    [[nodiscard]] std::string in_words() const;

private:
    struct Step {
        Instant begun;
        Time at_most;
        Time in_all;
        Instant deadline;
        bool is_extended = false;
    };
    mutable std::mutex mutex_;
    std::optional<Step> step_;
};

}  // namespace servicekit

#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "servicekit/client.hpp"

namespace servicekit::cli {

/// How fast an event makes progress. The rate is that of the last 20 s.
class ProgressPace {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// Notes a report. If the event now reports another piece of work, forgets those before.
    void note(const Progress& progress, Time now);
    /// Returns for example "12/s  1m 20s left"; without the time if the total is unknown; empty until it is known.
    [[nodiscard]] std::string in_words(Time now) const;

private:
    struct Report {
        Time time;
        std::uint64_t done;
    };

    std::deque<Report> reports_;  ///< some of those of the last 20 s, and the last one before
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
};

}  // namespace servicekit::cli

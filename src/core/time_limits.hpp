#pragma once

#include <atomic>
#include <chrono>

#include "servicekit/core/settings.hpp"

namespace servicekit {

/// The time limits that the settings give to a running service. Thread-safe.
class TimeLimits {
public:
    using Time = std::chrono::milliseconds;

    /// Takes the limits from the settings of the start.
    void set(const Settings& settings) {
        extended_ = settings.get(setting::extended_timeout);
        change(settings);
    }
    /// Takes the limits that a reload may change.
    void change(const Settings& settings) {
        stop_ = settings.get(setting::stop_timeout);
        hang_ = settings.get(setting::hang_timeout);
    }

    [[nodiscard]] Time stop() const noexcept { return stop_; }
    /// Returns how long a start or a stop may take in all while it reports progress.
    [[nodiscard]] Time extended() const noexcept { return extended_; }
    /// Returns how long an event may run without progress before it counts as hung; 0 for no limit.
    [[nodiscard]] Time hang() const noexcept { return hang_; }

private:
    std::atomic<Time> stop_{Time{8000}};
    std::atomic<Time> extended_{std::chrono::minutes{15}};
    std::atomic<Time> hang_{Time{0}};
};

}  // namespace servicekit

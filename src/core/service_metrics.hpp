#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/control_role.hpp"
#include "servicekit/core/metrics.hpp"

namespace servicekit {

/// What the library counts of each service. Thread-safe.
class ServiceMetrics {
public:
    ServiceMetrics();

    /// Names of work that the program posts are free, so only the first ones have series of their own.
    static constexpr std::size_t most_events = 200;

    /// How a requested event ended.
    enum class Outcome { done, failed, cancelled, never_ran };
    static constexpr std::size_t outcome_count = 4;

    /// \param waited time from the request to the begin
    void event_begins(std::chrono::steady_clock::duration waited) const noexcept { waits_.observe(waited); }
    /// \param took time from its begin
    void event_ended(std::string_view event, Outcome outcome, std::chrono::steady_clock::duration took);
    void event_never_ran(std::string_view event);
    void requested(ControlRole role) const noexcept { requests_[static_cast<std::size_t>(role)].add(); }
    /// \param code of the error
    void refused(std::string_view code) const;
    void reloaded(bool is_done) const noexcept { (is_done ? reloads_done_ : reloads_failed_).add(); }

    [[nodiscard]] std::vector<MetricFamily> collect() const { return metrics_.collect(); }

private:
    struct OfEvent {
        std::array<Counter, outcome_count> outcomes;
        Histogram times;
    };
    OfEvent of(std::string_view event);
    OfEvent make(std::string_view event);

    Metrics metrics_{[](std::string_view) { return false; }, Metrics::Owner::library};
    Labelled<Counter> events_;
    Labelled<Histogram> times_;
    Histogram waits_;
    std::vector<Counter> requests_;  ///< by role
    Labelled<Counter> errors_;
    Counter reloads_done_;
    Counter reloads_failed_;
    std::mutex mutex_;
    std::map<std::string, OfEvent, std::less<>> of_events_;  ///< guarded by the mutex
    std::optional<OfEvent> of_others_;                       ///< guarded by the mutex
};

}  // namespace servicekit

#pragma once

#include <chrono>

#include "core/queued_event.hpp"
#include "core/service_metrics.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit {

/// Ends runs: logs the outcome of a run and gives the answer. A cancelled run is answered with the error `cancelled`,
/// and a late one with `timeout`, whatever the handler did. Thread-safe.
class RunEnd {
public:
    RunEnd(Logger& log, const os::Clock& clock, ServiceMetrics& metrics)
        : log_{log}, clock_{clock}, metrics_{metrics} {}

    void succeed(QueuedEvent& run, const Object& fields) const;
    /// \pre called within a catch block, for the exception of the handler
    void fail(QueuedEvent& run) const;

private:
    using Outcome = ServiceMetrics::Outcome;

    [[nodiscard]] std::chrono::milliseconds time_of(const QueuedEvent& run) const;
    void count(const QueuedEvent& run, Outcome outcome) const;
    /// Answers `timeout` if the deadline is over. A handler that waits until its deadline may get here before the
    /// control thread notices that.
    void time_out_if_late(QueuedEvent& run) const;
    /// \returns true if the run was cancelled and has its answer
    bool end_cancelled(QueuedEvent& run, const Object& more) const;

    Logger& log_;
    const os::Clock& clock_;
    ServiceMetrics& metrics_;
};

}  // namespace servicekit

#pragma once

#include <chrono>

#include "core/queued_event.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit {

/// Ends runs: writes the line of the log that says what became of one, and gives the answer. The answer of one that was
/// cancelled is the error `cancelled`, whatever its handler did, and that of one that is late is `timeout`. Thread-safe.
class RunEnd {
public:
    RunEnd(Logger& log, const os::Clock& clock) : log_{log}, clock_{clock} {}

    void succeed(QueuedEvent& run, const Object& fields) const;
    /// \pre called within a catch block: what the handler threw
    void fail(QueuedEvent& run) const;

private:
    [[nodiscard]] std::chrono::milliseconds time_of(const QueuedEvent& run) const;
    /// A handler whose wait ends at the deadline may be here before the control thread has noticed that.
    void time_out_if_late(QueuedEvent& run) const;
    /// \returns whether it was cancelled, and so has its end
    bool end_cancelled(QueuedEvent& run, const Object& more) const;

    Logger& log_;
    const os::Clock& clock_;
};

}  // namespace servicekit

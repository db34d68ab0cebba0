#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/event_queue.hpp"
#include "core/runs.hpp"
#include "core/service_metrics.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/core/call_error.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/users.hpp"

namespace servicekit {

/// Executes the events that are about another request: `cancel` and `follow`. Thread-safe.
class RunRequests {
public:
    RunRequests(EventQueue& queue, Runs& runs, ServiceMetrics& metrics, const os::Users& users, Logger& log)
        : queue_{queue}, runs_{runs}, metrics_{metrics}, users_{users}, log_{log} {}

    /// Removes the event with this id from the queue, or asks it to end if it runs.
    /// \returns the reply of `cancel`
    Result<Object, CallError> cancel(std::int64_t id, const Peer& by);
    /// Attaches `follower` to the event with this id: it gets the progress and the answer, too.
    /// \returns the reason if it cannot; `follower` then has no answer yet
    [[nodiscard]] std::optional<CallError> follow(std::int64_t id, const std::shared_ptr<QueuedEvent>& follower);

private:
    using Run = std::shared_ptr<QueuedEvent>;

    /// \returns null if no event of this id runs or waits, or if it is a `status`
    [[nodiscard]] Run find(std::int64_t id) const;
    /// Returns true if the same user has requested the run.
    [[nodiscard]] bool is_own(const QueuedEvent& run, const Peer& by) const;

    EventQueue& queue_;
    Runs& runs_;
    ServiceMetrics& metrics_;
    const os::Users& users_;
    Logger& log_;
};

}  // namespace servicekit

#pragma once

#include <cstdint>

#include "core/event_queue.hpp"
#include "core/runs.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/core/call_error.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/users.hpp"

namespace servicekit {

/// Executes the event `cancel`. Thread-safe.
class Cancellation {
public:
    Cancellation(EventQueue& queue, Runs& runs, const os::Users& users, Logger& log)
        : queue_{queue}, runs_{runs}, users_{users}, log_{log} {}

    /// Removes the event with this id from the queue, or asks it to end if it runs.
    /// \returns the reply of `cancel`
    Result<Object, CallError> cancel(std::int64_t id, const Peer& by);

private:
    [[nodiscard]] static CallError refusal(ControlRole needs, const Peer& by);

    EventQueue& queue_;
    Runs& runs_;
    const os::Users& users_;
    Logger& log_;
};

}  // namespace servicekit

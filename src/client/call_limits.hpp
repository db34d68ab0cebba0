#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

#include "servicekit/base/error.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/client.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

/// How much longer a client waits than the service, so that the service can reply `timeout` first.
constexpr std::chrono::milliseconds call_grace{500};

/// The latest time at which a call ends. It depends on the call's options and on the handler that makes the call.
class CallLimits {
public:
    /// Creates the limits of a call that this thread makes now.
    CallLimits(const CallOptions& options, const os::Clock& clock);

    /// Returns the time at which nobody needs the reply any more.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept { return deadline_; }
    /// Returns the time that is left, at least 1 ms, so that it can be sent. Returns nothing if there is no limit.
    [[nodiscard]] std::optional<std::chrono::milliseconds> time_left(const os::Clock& clock) const;
    /// \returns the reason if the call must end now: its time is up, or the handler is asked to end
    /// \param grace time that is added to the limit
    [[nodiscard]] std::optional<Error> over(const os::Clock& clock, std::chrono::milliseconds grace) const;
    /// Returns true if over() may end the call for another reason than its time.
    [[nodiscard]] bool may_be_asked_to_end() const noexcept { return stop_.stop_possible(); }
    /// \returns an error if a handler calls this server and the server is the handler's own process
    [[nodiscard]] std::optional<Error> refuses(const Peer& server, const os::Process& process) const;

private:
    std::optional<std::chrono::steady_clock::time_point> deadline_;
    bool is_from_handler_ = false;
    std::stop_token stop_;  ///< of the handler; none if it was already asked to end, as in on_stop()
};

}  // namespace servicekit

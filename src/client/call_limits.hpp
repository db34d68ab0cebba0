#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

#include "servicekit/base/error.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/client.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

/// How much longer than the service a client waits, so that it is the service that replies `timeout`.
constexpr std::chrono::milliseconds call_grace{500};

/// When a call ends at the latest: by its options, and by the handler that makes it.
class CallLimits {
public:
    /// Of a call that this thread makes now.
    CallLimits(const CallOptions& options, const os::Clock& clock);

    /// When nobody needs the reply any more.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept { return deadline_; }
    /// What is left of the time. Above zero, so that it can be sent; nothing if there is no limit.
    [[nodiscard]] std::optional<std::chrono::milliseconds> time_left(const os::Clock& clock) const;
    /// \returns why the call ends now, if it does: its time is up, or the handler is asked to end
    /// \param grace what is added to the time
    [[nodiscard]] std::optional<Error> over(const os::Clock& clock, std::chrono::milliseconds grace) const;
    /// Whether over() may come to return something else than that the time is up.
    [[nodiscard]] bool may_be_asked_to_end() const noexcept { return stop_.stop_possible(); }
    /// \returns why a handler may not call this server: it is the handler's own process
    [[nodiscard]] std::optional<Error> refuses(const Peer& server, const os::Process& process) const;

private:
    std::optional<std::chrono::steady_clock::time_point> deadline_;
    bool is_from_handler_ = false;
    std::stop_token stop_;  ///< of the handler; none if it is asked to end already, as on_stop() is
};

}  // namespace servicekit

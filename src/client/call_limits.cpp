#include "client/call_limits.hpp"

#include <algorithm>
#include <cerrno>

#include "core/current_handler.hpp"

namespace servicekit {

using std::chrono::milliseconds;

CallLimits::CallLimits(const CallOptions& options, const os::Clock& clock) {
    const Context* const handler = current_handler();
    auto timeout = options.timeout;
    if (handler != nullptr && !timeout) timeout = CallOptions::timeout_in_handlers;
    // A longer time would overflow the clock.
    constexpr milliseconds longest = std::chrono::hours{24 * 365 * 100};
    if (timeout) deadline_ = clock.steady_now() + std::clamp(*timeout, milliseconds{1}, longest);
    if (handler == nullptr) return;
    is_from_handler_ = true;
    if (handler->deadline()) deadline_ = std::min(*deadline_, *handler->deadline());
    if (!handler->stop_token().stop_requested()) stop_ = handler->stop_token();
}

std::optional<milliseconds> CallLimits::time_left(const os::Clock& clock) const {
    if (!deadline_) return std::nullopt;
    return std::max(std::chrono::ceil<milliseconds>(*deadline_ - clock.steady_now()), milliseconds{1});
}

std::optional<Error> CallLimits::over(const os::Clock& clock, milliseconds grace) const {
    if (stop_.stop_requested())
        return Error{ExitCode::os, {}, {}, "the handler that called was asked to end", ECANCELED};
    if (deadline_ && clock.steady_now() >= *deadline_ + grace)
        return Error{ExitCode::timeout, {}, {}, "the time is up"};
    return std::nullopt;
}

std::optional<Error> CallLimits::refuses(const Peer& server, const os::Process& process) const {
    if (!is_from_handler_ || server.pid != process.id()) return std::nullopt;
    return Error{ExitCode::usage,
                 {},
                 {},
                 "a handler that calls its own service would wait for itself; trigger() runs the event at once",
                 EDEADLK};
}

}  // namespace servicekit

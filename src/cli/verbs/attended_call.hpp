#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "cli/session.hpp"
#include "servicekit/client.hpp"

namespace servicekit::cli {

/// A call whose user may watch it, and may give it up.
struct AttendedCall {
    std::string event;
    Object arguments = {};
    std::optional<std::chrono::milliseconds> timeout = {};
    /// Called for each object that the event sends ahead of its reply. What it throws ends the call.
    std::function<void(const Object& item)> on_item = {};
};

/// Asks for the event. On a terminal it shows what the event waits for, and its progress.
/// On a terminal Ctrl-C asks whether to cancel the event, to leave it, or to wait on, and a second one leaves. Elsewhere
/// Ctrl-C (and everywhere TERM and HUP) leaves at once: then it prints whether the event is queued or runs.
/// \param then gets the reply, or why there is none
/// \returns what `then` returns; 128 and the number of the signal if one ended the call
int call_attended(Session& session, Client& client, const AttendedCall& call,
                  const std::function<int(const Result<Object, CallError>& reply)>& then);

}  // namespace servicekit::cli

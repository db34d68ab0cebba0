#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "cli/session.hpp"
#include "servicekit/client.hpp"

namespace servicekit::cli {

/// A call whose user may watch it and leave it.
struct AttendedCall {
    std::string event;
    Object arguments = {};
    std::optional<std::chrono::milliseconds> timeout = {};
    /// Called for each object that the event sends ahead of its reply. An exception ends the call.
    std::function<void(const Object& item)> on_item = {};
    std::string shown_as = {};  ///< the name for the user; empty: the event's own
};

/// Requests the event. On a terminal it shows what the event waits for, and its progress. On a terminal Ctrl-C asks
/// whether to cancel the event, to leave it, or to keep waiting; a second Ctrl-C leaves. Elsewhere Ctrl-C leaves at
/// once, and so do TERM and HUP everywhere. Then it prints whether the event is queued or running.
/// \param then gets the reply, or the reason why there is none
/// \returns the result of `then`, or 128 plus the number of the signal that ended the call
int call_attended(Session& session, Client& client, const AttendedCall& call,
                  const std::function<int(const Result<Object, CallError>& reply)>& then);

}  // namespace servicekit::cli

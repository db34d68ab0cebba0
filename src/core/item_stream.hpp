#pragma once

#include <functional>

#include "core/queued_event.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/waiting.hpp"

namespace servicekit {

/// Sends an object ahead of the run's answer. Waits while the client has not read the earlier ones. If the client did
/// not ask for a stream, the object is added to the answer instead. Thread-safe.
/// \returns false if no more are wanted: nobody will read them, or the run must end
/// \throws ErrorReply if JSON cannot express the object, or the answer would be too long
/// \param while_waiting called about once a second while it waits
bool send_item(QueuedEvent& run, const Object& item, const Waiting& waiting,
               const std::function<void()>& while_waiting = {});

/// Adds the object to those of an answer. \throws ErrorReply under the conditions of send_item()
void collect_item(const EventDeclaration& event, const Object& item, CollectedItems& into);

}  // namespace servicekit

#pragma once

#include <cstddef>

#include "core/queued_event.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/waiting.hpp"

namespace servicekit {

/// Sends an object ahead of the run's answer. Waits while the client has not read what was sent before. If the client did
/// not ask for a stream, the object goes into the answer instead. Thread-safe.
/// \returns whether more is wanted; false if nobody will read it, or the run is to end
/// \throws ErrorReply if JSON can't express the object, or the answer would get too long
bool send_item(QueuedEvent& run, const Object& item, const Waiting& waiting);

/// Puts the object among those that go into an answer.
/// \throws ErrorReply as send_item()
void collect_item(const EventDeclaration& event, const Object& item, CollectedItems& into);

}  // namespace servicekit

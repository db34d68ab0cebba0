#pragma once

#include "servicekit/core/event.hpp"

namespace servicekit {

/// Returns the reply in a form that can be sent. \throws ErrorReply if JSON cannot express it. A status is sent without
/// such fields, and lists them.
[[nodiscard]] Reply expressible(const EventDeclaration& event, Reply reply);

}  // namespace servicekit

#pragma once

#include "servicekit/core/event.hpp"

namespace servicekit {

/// The reply as it can be sent. \throws ErrorReply if JSON can't express it. The status goes without such fields, and
/// names them.
[[nodiscard]] Reply expressible(const EventDeclaration& event, Reply reply);

}  // namespace servicekit

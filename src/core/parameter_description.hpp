#pragma once

#include "servicekit/base/value.hpp"
#include "servicekit/core/event.hpp"

namespace servicekit {

/// Returns a parameter as the event `events` describes it.
[[nodiscard]] Object describe(const Parameter& parameter);

}  // namespace servicekit

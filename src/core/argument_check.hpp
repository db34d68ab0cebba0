#pragma once

#include <string>

#include "servicekit/core/event.hpp"

namespace servicekit {

/// What the parameter accepts, in words: "an integer from 1 to 10".
[[nodiscard]] std::string accepted_words(const Parameter& parameter);

[[nodiscard]] bool accepts(const Parameter& parameter, const Value& value);

}  // namespace servicekit

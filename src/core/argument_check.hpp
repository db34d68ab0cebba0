#pragma once

#include <string>

#include "servicekit/base/value.hpp"
#include "servicekit/core/event.hpp"

namespace servicekit {

/// Returns what the parameter accepts, in words: "an integer from 1 to 10".
[[nodiscard]] std::string accepted_words(const Parameter& parameter);

/// Refuses relative paths from another process, whose working directory is not the service's. \throws BadArgument
void refuse_relative_paths(const EventDeclaration& event, const Object& given);

[[nodiscard]] bool accepts(const Parameter& parameter, const Value& value);

}  // namespace servicekit

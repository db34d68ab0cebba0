#pragma once

#include <span>
#include <string>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// Returns the value at a path of keys in nested objects; null if there is none.
[[nodiscard]] const Value* find_at(const Value& object, std::span<const std::string> path);
/// Returns the object with a value at the path, replaced or added.
[[nodiscard]] Value with_value_at(const Value& object, std::span<const std::string> path, const Value& value);
/// Returns the object with the value that `other` has at the path, or without one if `other` has none.
[[nodiscard]] Value with_value_of(const Value& object, const Value& other, std::span<const std::string> path);

/// Returns `base` with the members of `more` added or replaced. Objects within them are merged in the same way.
[[nodiscard]] Value merged(const Value& base, const Value& more);

}  // namespace servicekit

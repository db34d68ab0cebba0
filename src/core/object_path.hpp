#pragma once

#include <span>
#include <string>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// What stands at a path of keys in nested objects; null if nothing does.
[[nodiscard]] const Value* find_at(const Value& object, std::span<const std::string> path);
/// The object with a value there, in the place of another one or added.
[[nodiscard]] Value with_value_at(const Value& object, std::span<const std::string> path, const Value& value);
/// The object with what another one has there, or without it if that has nothing there.
[[nodiscard]] Value with_value_of(const Value& object, const Value& other, std::span<const std::string> path);

/// The one with the members of the other added or replaced; objects within them are merged in the same way.
[[nodiscard]] Value merged(const Value& base, const Value& more);

}  // namespace servicekit

#pragma once

#include <string>
#include <vector>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// Returns the keys whose values differ between two objects, sorted. A value that is not an object counts as an empty
/// one.
[[nodiscard]] std::vector<std::string> changed_keys(const Value& before, const Value& after);

}  // namespace servicekit

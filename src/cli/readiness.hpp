#pragma once

#include <string>

#include "servicekit/base/value.hpp"

namespace servicekit::cli {

// What the status of a service says about its health. A service decides what it reports, so the texts are limited, and
// they must be escaped before they are shown.

/// Returns why a service with this status is not ready; empty if it is ready.
[[nodiscard]] std::string obstacle_to_readiness(const Object& status);

/// Returns the checks that are not ok, in words: "check 'disk' failed: 3 MB are free"; empty if there are none.
[[nodiscard]] std::string failing_checks(const Object& status);

/// Returns the checks of the service, as the status has them; empty if it has none.
[[nodiscard]] Value::List checks_in(const Object& status);

}  // namespace servicekit::cli

#pragma once

#include <string>

#include "servicekit/base/value.hpp"

namespace servicekit::cli {

/// The replies of built-in events, for people. A reply that is not as the protocol says gives what can be read of it.
[[nodiscard]] std::string status_text(const Object& reply);
[[nodiscard]] std::string events_text(const Object& reply);
[[nodiscard]] std::string cancel_text(const Object& reply);
/// One parameter of an event, out of the reply of `events`: what it means, its range and its default.
[[nodiscard]] std::string parameter_text(const Object& parameter);
[[nodiscard]] std::string reload_text(const Object& reply);

}  // namespace servicekit::cli

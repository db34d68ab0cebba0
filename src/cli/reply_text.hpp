#pragma once

#include <string>

#include "servicekit/base/value.hpp"

namespace servicekit::cli {

/// Format the replies of built-in events for people. Of a reply that violates the protocol, they show what is readable.
[[nodiscard]] std::string status_text(const Object& reply);
[[nodiscard]] std::string events_text(const Object& reply);
[[nodiscard]] std::string cancel_text(const Object& reply);
/// Returns one parameter of an event from the reply to `events`: its meaning, range and default.
[[nodiscard]] std::string parameter_text(const Object& parameter);
[[nodiscard]] std::string reload_text(const Object& reply);

}  // namespace servicekit::cli

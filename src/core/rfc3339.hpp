#pragma once

#include <chrono>
#include <string>

namespace servicekit {

/// The time in UTC to the second, as RFC 3339 writes it: "2026-11-22T06:10:00Z".
[[nodiscard]] std::string rfc3339(std::chrono::system_clock::time_point time);

}  // namespace servicekit

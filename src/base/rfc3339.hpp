#pragma once

#include <chrono>
#include <string>

namespace servicekit {

enum class TimePrecision { seconds, microseconds };

/// Appends the time in UTC as in RFC 3339: "2026-11-22T06:10:00Z", "2026-11-22T06:10:00.123456Z". It looks up no time
/// zone (unlike gmtime_r(3)) and so reads no file. Async-signal-safe if `out` has enough capacity.
void append_rfc3339(std::string& out, std::chrono::system_clock::time_point time, TimePrecision precision);

/// Returns the same text, in whole seconds.
[[nodiscard]] std::string rfc3339(std::chrono::system_clock::time_point time);

}  // namespace servicekit

#pragma once

#include <chrono>
#include <string>

namespace servicekit {

enum class TimePrecision { seconds, microseconds };

/// Appends the time in UTC as RFC 3339 has it: "2026-11-22T06:10:00Z", "2026-11-22T06:10:00.123456Z".
/// Looks up no time zone, as gmtime_r(3) does, and so reads no file. Async-signal-safe where `out` has room.
void append_rfc3339(std::string& out, std::chrono::system_clock::time_point time, TimePrecision precision);

/// The same alone, in seconds.
[[nodiscard]] std::string rfc3339(std::chrono::system_clock::time_point time);

}  // namespace servicekit

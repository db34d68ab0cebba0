#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "servicekit/base/error.hpp"

namespace servicekit::policies {

/// Reports of the daemon to the process that the user started, in this order. The last is Ready or an Error.
struct Born {
    pid_t pid = 0;
};
/// The log is open now.
struct LogsTo {
    std::string file = {};
};
/// The start makes progress and may take this long from now. May be repeated.
struct Extended {
    std::chrono::milliseconds time{0};
};
/// The process is crashing. If a handler of the application keeps it alive, other reports follow.
struct Crashed {
    std::string what = {};
};
struct Ready {};
using StartReport = std::variant<Born, LogsTo, Extended, Crashed, Ready, Error>;

/// Returns one JSON object with its newline. Bytes that are not valid UTF-8, as in a path, become U+FFFD. A crash is
/// plain text, because its writer cannot allocate memory.
[[nodiscard]] std::string to_line(const StartReport& report);

/// Prefix of a crash line.
inline constexpr std::string_view crash_line_begin = "crash: ";

/// \returns nothing if the line is not a report, for example because its writer died halfway.
[[nodiscard]] std::optional<StartReport> start_report_from(std::string_view line);

}  // namespace servicekit::policies

#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "servicekit/base/error.hpp"

namespace servicekit::policies {

/// What the daemon tells the process that the user started, in this order; the last is Ready or an Error.
struct Born {
    pid_t pid = 0;
};
/// The log is open from now on.
struct LogsTo {
    std::string file = {};
};
/// The start makes progress and may take so long from now on. Comes any number of times.
struct Extended {
    std::chrono::milliseconds time{0};
};
/// The process dies, unless a handler of the program's keeps it: then other reports follow.
struct Crashed {
    std::string what = {};
};
struct Ready {};
using StartReport = std::variant<Born, LogsTo, Extended, Crashed, Ready, Error>;

/// One JSON object with its newline. Bytes that are no UTF-8, as a path may have them, become U+FFFD.
/// A crash is its text as it is: its writer has no memory for more.
[[nodiscard]] std::string to_line(const StartReport& report);

/// What the line of a crash begins with.
inline constexpr std::string_view crash_line_begin = "crash: ";

/// \returns nothing where the line is no report, as when its writer died halfway.
[[nodiscard]] std::optional<StartReport> start_report_from(std::string_view line);

}  // namespace servicekit::policies

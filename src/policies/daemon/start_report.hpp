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
/// The start makes progress and may take so long from now on. Comes any number of times.
struct Extended {
    std::chrono::milliseconds time{0};
};
struct Ready {};
using StartReport = std::variant<Born, Extended, Ready, Error>;

/// One JSON object with its newline. Bytes that are no UTF-8, as a path may have them, become U+FFFD.
[[nodiscard]] std::string to_line(const StartReport& report);

/// \returns nothing where the line is no report, as when its writer died halfway.
[[nodiscard]] std::optional<StartReport> start_report_from(std::string_view line);

}  // namespace servicekit::policies

#pragma once

#include <chrono>
#include <span>
#include <string_view>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/log_value.hpp"

namespace servicekit {

/// The place in the source of a log line. The texts live as long as the program.
struct LogSource {
    const char* file = nullptr;      ///< null if unknown
    unsigned line = 0;               ///< 0 if unknown
    const char* function = nullptr;  ///< null if unknown
};

/// One record for the log. Valid during the call only.
struct LogRecord {
    std::chrono::system_clock::time_point time;  ///< when it was logged
    LogLevel level = LogLevel::info;             ///< its importance
    std::string_view message;                    ///< its text, without the fields
    std::span<const LogField> fields = {};       ///< in the order in which they were given
    std::string_view channel = {};               ///< the part of the program that wrote it; empty for the main logger
    LogSource source = {};                       ///< the place in the source that logged it
    /// The thread that logged it serves the control socket: a line below a warning should not make it wait for a disk.
    bool is_of_control_thread = false;
};

}  // namespace servicekit

#pragma once

#include <chrono>
#include <span>
#include <string_view>

#include "servicekit/base/log_level.hpp"
#include "servicekit/base/log_value.hpp"

namespace servicekit {

/// Where in the sources a log line was written. The texts live as long as the program.
struct LogSource {
    const char* file = nullptr;  ///< null: nobody knows
    unsigned line = 0;
    const char* function = nullptr;
};

/// One line for the log, valid during the call only.
struct LogRecord {
    std::chrono::system_clock::time_point time;
    LogLevel level = LogLevel::info;
    std::string_view message;
    std::span<const LogField> fields = {};  ///< in the order in which they were given
    std::string_view channel = {};          ///< which part of the program it came from; empty: none is named
    LogSource source = {};
};

}  // namespace servicekit

#pragma once

#include "servicekit/base/log_level.hpp"

namespace servicekit::policies {

/// Returns the level as a severity of syslog(3) and RFC 5424, 6.2.1: the digit in PRIORITY= and in a line's `<6>`.
[[nodiscard]] constexpr char syslog_level(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::trace:
        case LogLevel::debug:
            return '7';
        case LogLevel::info:
            return '6';
        case LogLevel::warning:
            return '4';
        case LogLevel::error:
            return '3';
        case LogLevel::fatal:
            break;
    }
    return '2';
}

}  // namespace servicekit::policies

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// Appends everything in a record except its message, as ` key=value ...`: its fields, its channel, and its source if
/// it has one. A value is quoted unless it is exactly one word.
void append_fields(std::string& out, const LogRecord& record);

/// Appends the record as one line with its newline and its time in UTC:
/// `2026-11-22T06:10:00.123456Z info just-another-server[4711]: message key=value`.
/// The message and the values are escaped by append_escaped(). Characters of a key that it would escape become `_`.
/// \param source name and pid
void append_log_line(std::string& out, const LogRecord& record, std::string_view source);

}  // namespace servicekit::policies

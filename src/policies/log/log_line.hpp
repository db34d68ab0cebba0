#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// Appends what a record has beside its message, as ` key=value ...`: its fields, its channel, its source where it has
/// one. A value of more than one word, or of none, stands in quotes.
void append_fields(std::string& out, const LogRecord& record);

/// Appends the record as one line with its newline, its time in UTC:
/// `2026-11-22T06:10:00.123456Z info just-another-server[4711]: message key=value`.
/// The message and the values are escaped by append_escaped(), and what it would escape in a key becomes `_`.
/// \param source who logs: name and pid.
void append_log_line(std::string& out, const LogRecord& record, std::string_view source);

}  // namespace servicekit::policies

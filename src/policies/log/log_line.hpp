#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "servicekit/contract/log.hpp"

namespace servicekit::policies {

/// Appends the message with its control characters escaped (`\n`, `\x1b`, `\u0085`), so that no message can pass for
/// two, or speak to the terminal of whoever reads it.
void append_escaped(std::string& out, std::string_view message);

/// Appends what a record has beside its message, as ` key=value ...`: its fields, its channel, its source where it has
/// one. A value of more than one word, or of none, stands in quotes.
void append_fields(std::string& out, const contract::LogRecord& record);

/// Appends the record as one line with its newline, its time in UTC:
/// `2026-11-22T06:10:00.123456Z info just-another-server[4711]: message key=value`.
/// The message and the values are escaped.
/// \param source who logs: name and pid.
void append_log_line(std::string& out, const contract::LogRecord& record, std::string_view source);

}  // namespace servicekit::policies

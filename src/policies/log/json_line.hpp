#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// Appends the record as one JSON object with its newline and its time in UTC:
/// `{"time":"2026-11-22T06:10:00.123456Z","level":"info","service":"just-another-server","pid":4711,"message":"..."}`,
/// followed by its channel, its fields (numbers as numbers) and its source, if it has any. A `_` is appended to the key
/// of a field if the key is already used. Bytes that are not valid UTF-8 become U+FFFD.
void append_json_line(std::string& out, const LogRecord& record, std::string_view service, pid_t pid);

}  // namespace servicekit::policies

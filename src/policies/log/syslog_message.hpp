#pragma once

#include <string>
#include <string_view>

#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// The part before every message of a service, made once.
struct SyslogHead {
    int facility = 3;
    std::string host_name = "-";
    std::string application = {};
    std::string process_id = {};
    std::string structured_data_id = {};
};

/// Appends the record in the format of RFC 5424, as one line without its newline.
void append_syslog_message(std::string& out, const LogRecord& record, const SyslogHead& head);

/// Appends the record in the format of syslog(3): `<30>name[4711]: message key=value`. The daemon adds the time.
void append_traditional_syslog_message(std::string& out, const LogRecord& record, const SyslogHead& head);

/// Truncates a text to at most `at_most` bytes, between two characters if it is UTF-8.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t at_most) noexcept;

}  // namespace servicekit::policies

#pragma once

#include <string>
#include <string_view>

#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// What stands in front of every message of a service, made once.
struct SyslogHead {
    int facility = 3;
    std::string host_name = "-";
    std::string application = {};
    std::string process_id = {};
    std::string structured_data_id = {};
};

/// Appends the record as RFC 5424 has it, in one line without its newline.
void append_syslog_message(std::string& out, const LogRecord& record, const SyslogHead& head);

/// Appends the record as syslog(3) does, but for the time, which the daemon adds: `<30>name[4711]: message key=value`.
void append_traditional_syslog_message(std::string& out, const LogRecord& record, const SyslogHead& head);

/// Cuts a text to so many bytes, between two characters where it is UTF-8.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t at_most) noexcept;

}  // namespace servicekit::policies

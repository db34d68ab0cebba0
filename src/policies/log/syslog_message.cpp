#include "policies/log/syslog_message.hpp"

#include <algorithm>
#include <cstddef>

#include "base/escaped_text.hpp"
#include "base/rfc3339.hpp"
#include "policies/log/log_line.hpp"
#include "policies/log/syslog_level.hpp"

namespace servicekit::policies {
namespace {

// RFC 5424, 6.
constexpr std::size_t longest_host_name = 255;
constexpr std::size_t longest_application = 48;
constexpr std::size_t longest_process_id = 128;
constexpr std::size_t longest_message_id = 32;
constexpr std::size_t longest_parameter_name = 32;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

void append_priority(std::string& out, int facility, LogLevel level) {
    constexpr int severities = 8;
    out += '<';
    out += std::to_string(facility * severities + (syslog_level(level) - '0'));
    out += '>';
}

/// Appends PRINTUSASCII, with `_` for all other characters and those in `forbidden`; "-" for an empty text.
void append_printable(std::string& out, std::string_view text, std::size_t at_most, std::string_view forbidden = {}) {
    if (text.empty()) out += '-';
    for (const char letter : text.substr(0, at_most)) {
        const bool fits = letter > ' ' && letter < '\x7f' && forbidden.find(letter) == std::string_view::npos;
        out += fits ? letter : '_';
    }
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char letter) { return static_cast<unsigned char>(letter) < 0x80; });
}

/// Appends PARAM-VALUE, with a backslash before each character that would end it.
void append_parameter_value(std::string& out, std::string_view utf8) {
    for (const char letter : utf8) {
        if (letter == '"' || letter == '\\' || letter == ']') out += '\\';
        out += letter;
    }
}

void append_structured_data(std::string& out, const LogRecord& record, std::string_view id) {
    if (record.fields.empty() && record.source.file == nullptr) {
        out += '-';
        return;
    }
    out += '[';
    append_printable(out, id, id.size(), "=]\"");
    std::string value;
    std::string escaped;
    const auto append = [&](std::string_view name, std::string_view text) {
        escaped.clear();
        append_escaped(escaped, text);
        out += ' ';
        append_printable(out, name, longest_parameter_name, "=]\"");
        out += "=\"";
        append_parameter_value(out, escaped);
        out += '"';
    };
    for (const LogField& field : record.fields) {
        value.clear();
        field.value.append_to(value);
        append(field.key, value);
    }
    if (record.source.file != nullptr)
        append("source", std::string{record.source.file} + ':' + std::to_string(record.source.line));
    out += ']';
}

}  // namespace

void append_syslog_message(std::string& out, const LogRecord& record, const SyslogHead& head) {
    append_priority(out, head.facility, record.level);
    out += "1 ";
    append_rfc3339(out, record.time, TimePrecision::microseconds);
    out += ' ';
    append_printable(out, head.host_name, longest_host_name);
    out += ' ';
    append_printable(out, head.application, longest_application);
    out += ' ';
    append_printable(out, head.process_id, longest_process_id);
    out += ' ';
    append_printable(out, record.channel, longest_message_id);
    out += ' ';
    append_structured_data(out, record, head.structured_data_id);
    if (record.message.empty()) return;
    out += ' ';
    const std::size_t begin = out.size();
    append_escaped(out, record.message);
    // The encoding of a message without the mark is unknown (MSG-ANY), which is correct for plain ASCII, too.
    if (!is_ascii(std::string_view{out}.substr(begin))) out.insert(begin, byte_order_mark);
}

void append_traditional_syslog_message(std::string& out, const LogRecord& record, const SyslogHead& head) {
    append_priority(out, head.facility, record.level);
    append_printable(out, head.application, longest_application);
    ((out += '[') += head.process_id) += "]: ";
    append_escaped(out, record.message);
    append_fields(out, record);
}

std::string_view cut(std::string_view text, std::size_t at_most) noexcept {
    if (text.size() <= at_most) return text;
    constexpr std::size_t longest_character = 4;
    const auto continues = [text](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80; };
    std::size_t end = at_most;
    while (end > 0 && at_most - end < longest_character && continues(end)) --end;
    return text.substr(0, continues(end) ? at_most : end);
}

}  // namespace servicekit::policies

#include "policies/log/log_line.hpp"

#include <chrono>
#include <cstddef>

namespace servicekit::policies {
namespace {

void append_number(std::string& out, unsigned long value, unsigned digits) {
    const std::size_t end = out.size() + digits;
    out.append(digits, '0');
    for (std::size_t at = end; digits > 0; --digits, value /= 10) out[--at] = static_cast<char>('0' + value % 10);
}

void append_time(std::string& out, std::chrono::system_clock::time_point time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss time_of_day{floor<microseconds>(time) - day};
    append_number(out, static_cast<unsigned long>(static_cast<int>(date.year())), 4);
    out += '-';
    append_number(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_number(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_number(out, static_cast<unsigned long>(time_of_day.hours().count()), 2);
    out += ':';
    append_number(out, static_cast<unsigned long>(time_of_day.minutes().count()), 2);
    out += ':';
    append_number(out, static_cast<unsigned long>(time_of_day.seconds().count()), 2);
    out += '.';
    append_number(out, static_cast<unsigned long>(time_of_day.subseconds().count()), 6);
    out += 'Z';
}

void append_hexadecimal(std::string& out, std::string_view prefix, unsigned char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += prefix;
    out += digits[byte >> 4U];
    out += digits[byte & 0xfU];
}

void append_escaped(std::string& out, unsigned char control) {
    switch (control) {
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            append_hexadecimal(out, "\\x", control);
            break;
    }
}

void append_message(std::string& out, std::string_view message) {
    std::size_t plain = 0;  // where the run of bytes that need no escape began
    const auto escape_at = [&](std::size_t at, std::size_t length, auto&& append) {
        out += message.substr(plain, at - plain);
        append();
        plain = at + length;
    };
    for (std::size_t at = 0; at < message.size(); ++at) {
        const auto byte = static_cast<unsigned char>(message[at]);
        if (byte < 0x20 || byte == 0x7f) {
            escape_at(at, 1, [&] { append_escaped(out, byte); });
        } else if (byte == 0xc2 && at + 1 < message.size()) {
            // U+0080 to U+009f: the second set of control characters, as UTF-8 has them.
            const auto next = static_cast<unsigned char>(message[at + 1]);
            if (next >= 0x80 && next < 0xa0) escape_at(at, 2, [&] { append_hexadecimal(out, "\\u00", next); });
        }
    }
    out += message.substr(plain);
}

}  // namespace

void append_log_line(std::string& out, const contract::LogRecord& record, std::string_view source) {
    out.reserve(out.size() + 48 + source.size() + record.message.size());
    append_time(out, record.time);
    out += ' ';
    out += to_string(record.level);
    out += ' ';
    out += source;
    out += ": ";
    append_message(out, record.message);
    out += '\n';
}

}  // namespace servicekit::policies

#include "policies/log/log_line.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/rfc3339.hpp"

namespace servicekit::policies {
namespace {

void append_hexadecimal(std::string& out, std::string_view prefix, unsigned char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += prefix;
    out += digits[byte >> 4U];
    out += digits[byte & 0xfU];
}

void append_control(std::string& out, unsigned char control) {
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

/// Where the first byte stands, from `at` on, that may need an escape; the end where there is none. Eight at a time, since
/// most lines have none.
std::size_t plain_bytes(std::string_view text, std::size_t at) {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
    constexpr std::uint64_t tops = ones << 7U;
    // The top bit of each byte that is 0. One above such a byte may be set as well, which costs a second look.
    const auto zeros_in = [](std::uint64_t word) { return (word - ones) & ~word & tops; };
    const auto may_need_escape = [&zeros_in](std::uint64_t word) {
        const std::uint64_t below_space = (word - ones * 0x20) & ~word & tops;
        return (below_space | zeros_in(word ^ ones * 0x7f) | zeros_in(word ^ ones * 0xc2)) != 0;
    };
    for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if (may_need_escape(word)) break;
    }
    const auto needs_none = [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte >= 0x20 && byte != 0x7f && byte != 0xc2;
    };
    while (at < text.size() && needs_none(text[at])) ++at;
    return at;
}

/// Keys that a reader can tell from the value behind them.
void append_key(std::string& out, std::string_view key) {
    for (const char letter : key) {
        const auto byte = static_cast<unsigned char>(letter);
        const bool fits = byte > ' ' && byte != 0x7f && letter != '=' && letter != '"';
        out += fits ? letter : '_';
    }
}

/// As it is where nobody can take it for more than one word, else in quotes.
void append_value(std::string& out, std::string_view text) {
    const auto breaks_word = [](char letter) {
        return static_cast<unsigned char>(letter) <= ' ' || letter == '"' || letter == '\\' || letter == '=';
    };
    if (!text.empty() && std::none_of(text.begin(), text.end(), breaks_word)) return append_escaped(out, text);
    out += '"';
    for (std::size_t plain = 0; plain < text.size();) {
        const std::size_t special = std::min(text.find_first_of("\"\\", plain), text.size());
        append_escaped(out, text.substr(plain, special - plain));
        if (special < text.size()) (out += '\\') += text[special];
        plain = special + 1;
    }
    out += '"';
}

}  // namespace

void append_fields(std::string& out, const contract::LogRecord& record) {
    const auto append = [&out](std::string_view key, std::string_view value) {
        out += ' ';
        append_key(out, key);
        out += '=';
        append_value(out, value);
    };
    for (const LogField& field : record.fields) {
        std::string value;
        field.value.append_to(value);
        append(field.key, value);
    }
    if (!record.channel.empty()) append("channel", record.channel);
    if (record.source.file != nullptr)
        append("source", std::string{record.source.file} + ':' + std::to_string(record.source.line));
}

void append_escaped(std::string& out, std::string_view message) {
    std::size_t plain = 0;  // where the run of bytes that need no escape began
    const auto escape_at = [&](std::size_t at, std::size_t length, auto&& append) {
        out += message.substr(plain, at - plain);
        append();
        plain = at + length;
    };
    for (std::size_t at = plain_bytes(message, 0); at < message.size(); at = plain_bytes(message, at + 1)) {
        const auto byte = static_cast<unsigned char>(message[at]);
        if (byte < 0x20 || byte == 0x7f) {
            escape_at(at, 1, [&] { append_control(out, byte); });
        } else if (byte == 0xc2 && at + 1 < message.size()) {
            // U+0080 to U+009f: the second set of control characters, as UTF-8 has them.
            const auto next = static_cast<unsigned char>(message[at + 1]);
            if (next >= 0x80 && next < 0xa0) escape_at(at, 2, [&] { append_hexadecimal(out, "\\u00", next); });
        }
    }
    out += message.substr(plain);
}

void append_log_line(std::string& out, const contract::LogRecord& record, std::string_view source) {
    out.reserve(out.size() + 48 + source.size() + record.message.size());
    append_rfc3339(out, record.time, TimePrecision::microseconds);
    out += ' ';
    out += to_string(record.level);
    out += ' ';
    out += source;
    out += ": ";
    append_escaped(out, record.message);
    append_fields(out, record);
    out += '\n';
}

}  // namespace servicekit::policies

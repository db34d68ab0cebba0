#include "policies/log/log_line.hpp"

#include <algorithm>
#include <array>
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

constexpr bool may_need_escape(char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte < 0x20 || byte == 0x7f || byte == 0xc2;
}

constexpr std::size_t stride = 16;

/// Whether any of as many bytes may, with no way out between them, so that a compiler makes a few comparisons of it.
bool any_may_need_escape(const char* bytes) {
    std::array<char, stride> found;
    for (std::size_t i = 0; i < stride; ++i) found[i] = may_need_escape(bytes[i]) ? 1 : 0;
    std::array<std::uint64_t, 2> halves;
    std::memcpy(halves.data(), found.data(), stride);
    return (halves[0] | halves[1]) != 0;
}

/// Where the first byte stands, from `at` on, that may need an escape; the end where there is none, as in most lines.
[[gnu::hot]] std::size_t plain_bytes(std::string_view text, std::size_t at) {
    while (at + stride <= text.size() && !any_may_need_escape(text.data() + at)) at += stride;
    const bool near_end = at + stride > text.size() && text.size() >= stride;
    if (near_end && !any_may_need_escape(text.data() + text.size() - stride)) return text.size();
    while (at < text.size() && !may_need_escape(text[at])) ++at;
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

/// \param message begins with a byte that may need an escape
[[gnu::cold]] void append_with_escapes(std::string& out, std::string_view message) {
    std::size_t plain = 0;  // where the run of bytes that need no escape began
    const auto escape_at = [&](std::size_t at, std::size_t length, auto&& append) {
        out += message.substr(plain, at - plain);
        append();
        plain = at + length;
    };
    for (std::size_t at = 0; at < message.size(); at = plain_bytes(message, at + 1)) {
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

[[gnu::hot]] void append_escaped(std::string& out, std::string_view message) {
    const std::size_t plain = plain_bytes(message, 0);
    out += message.substr(0, plain);
    if (plain < message.size()) append_with_escapes(out, message.substr(plain));
}

[[gnu::hot]] void append_log_line(std::string& out, const contract::LogRecord& record, std::string_view source) {
    append_rfc3339(out, record.time, TimePrecision::microseconds);
    // Texts of one letter, so that all of it is done by the one function that appends texts.
    out += " ";
    out += to_string(record.level);
    out += " ";
    out += source;
    out += ": ";
    append_escaped(out, record.message);
    if (!record.fields.empty() || !record.channel.empty() || record.source.file != nullptr) append_fields(out, record);
    out += "\n";
}

}  // namespace servicekit::policies

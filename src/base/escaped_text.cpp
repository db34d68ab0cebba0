#include "base/escaped_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/utf8.hpp"

namespace servicekit {
namespace {

constexpr std::string_view hexadecimal_digits = "0123456789abcdef";

/// \pre the sequence at the start of `text` is valid and has `length` bytes
char32_t code_point(std::string_view text, std::size_t length) noexcept {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (length == 1) return byte(0);
    char32_t code = byte(0) & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) code = (code << 6U) | (byte(i) & 0x3FU);
    return code;
}

/// Returns true for a control character, a line or paragraph separator, a byte order mark, and Unicode's Bidi_Control
/// with its deprecated relatives.
constexpr bool controls_others(char32_t code) noexcept {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E || code == 0x200F ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x206F) || code == 0xFEFF;
}

/// Returns true for printable ASCII. plain_character() decides about all other characters.
constexpr bool is_plain_ascii(char letter) noexcept {
    const auto byte = static_cast<unsigned char>(letter);
    return byte >= 0x20 && byte < 0x7F;
}

constexpr std::size_t stride = 16;

/// Returns true if all `stride` bytes are printable ASCII. The loop has no early exit, so the compiler can vectorise
/// it.
bool all_plain_ascii(const char* bytes) noexcept {
    std::array<char, stride> found;
    for (std::size_t i = 0; i < stride; ++i) found[i] = is_plain_ascii(bytes[i]) ? 0 : 1;
    std::array<std::uint64_t, 2> halves;
    std::memcpy(halves.data(), found.data(), stride);
    return (halves[0] | halves[1]) == 0;
}

/// Returns the position of the first byte at or after `at` that is not printable ASCII, or the size of the text if
/// there is none, which is the usual case.
[[gnu::hot]] std::size_t plain_ascii_end(std::string_view text, std::size_t at) noexcept {
    while (at + stride <= text.size() && all_plain_ascii(text.data() + at)) at += stride;
    const bool near_end = at + stride > text.size() && text.size() >= stride;
    if (near_end && all_plain_ascii(text.data() + text.size() - stride)) return text.size();
    while (at < text.size() && is_plain_ascii(text[at])) ++at;
    return at;
}

void append_hexadecimal(std::string& out, char32_t number, unsigned digits) {
    for (unsigned shift = digits * 4; shift > 0; shift -= 4) out += hexadecimal_digits[(number >> (shift - 4)) & 0xFU];
}

/// \returns the number of bytes of the text that the escape replaces
std::size_t append_escape(std::string& out, std::string_view text) {
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_length(text);
    if (length > 1) {
        out += "\\u";
        append_hexadecimal(out, code_point(text, length), 4);
        return length;
    }
    switch (byte) {
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
            out += "\\x";
            append_hexadecimal(out, byte, 2);
    }
    return 1;
}

/// \param text begins with a byte that is not printable ASCII
[[gnu::cold]] void append_with_escapes(std::string& out, std::string_view text, Breaks breaks) {
    std::size_t plain = 0;  // start of the current run of bytes that need no escape
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        const bool is_break = breaks == Breaks::allow && (rest.front() == '\n' || rest.front() == '\t');
        const std::size_t length = is_break ? 1 : plain_character(rest);
        if (length > 0) {
            at += length;
        } else {
            out += text.substr(plain, at - plain);
            at += append_escape(out, rest);
            plain = at;
        }
        at = plain_ascii_end(text, at);
    }
    out += text.substr(plain);
}

}  // namespace

std::size_t plain_character(std::string_view text) noexcept {
    if (text.empty()) return 0;
    const std::size_t length = utf8_length(text);
    return length == 0 || controls_others(code_point(text, length)) ? 0 : length;
}

[[gnu::hot]] void append_escaped(std::string& out, std::string_view text, Breaks breaks) {
    const std::size_t plain = plain_ascii_end(text, 0);
    out += text.substr(0, plain);
    if (plain < text.size()) append_with_escapes(out, text.substr(plain), breaks);
}

std::string escaped(std::string_view text, Breaks breaks) {
    std::string safe;
    safe.reserve(text.size());
    append_escaped(safe, text, breaks);
    return safe;
}

std::size_t unfinished_character(std::string_view text) noexcept {
    constexpr std::size_t longest_beginning = 3;
    for (std::size_t size = std::min(longest_beginning, text.size()); size > 0; --size) {
        const std::string_view end = text.substr(text.size() - size);
        const auto lead = static_cast<unsigned char>(end.front());
        const std::size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
        const bool goes_on = std::all_of(end.begin() + 1, end.end(),
                                         [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; });
        if (lead < 0xF5 && size < wanted && goes_on) return size;
    }
    return 0;
}

}  // namespace servicekit

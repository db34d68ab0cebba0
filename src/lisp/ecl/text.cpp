#include "lisp/ecl/text.hpp"

#include <cstdint>

namespace servicekit::lisp {
namespace {

constexpr std::uint32_t replacement = 0xFFFD;
constexpr std::uint32_t highest = 0x10FFFF;

bool is_surrogate(std::uint32_t character) { return character >= 0xD800 && character <= 0xDFFF; }

void append(std::string& text, std::uint32_t character) {
    const auto byte = [&text](std::uint32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
    const auto tail = [&](unsigned shift) { byte(0x80U | (character >> shift & 0x3FU)); };
    if (character > highest || is_surrogate(character)) character = replacement;
    if (character < 0x80) {
        byte(character);
    } else if (character < 0x800) {
        byte(0xC0U | character >> 6U);
        tail(0);
    } else if (character < 0x10000) {
        byte(0xE0U | character >> 12U);
        tail(6);
        tail(0);
    } else {
        byte(0xF0U | character >> 18U);
        tail(12);
        tail(6);
        tail(0);
    }
}

/// Takes one character off the front.
std::uint32_t take(std::string_view& text) {
    const auto byte_at = [&text](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
    };
    const std::uint32_t first = byte_at(0);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    const bool is_lead = first < 0x80 || (first >= 0xC2 && first <= 0xF4);
    std::uint32_t character = length == 1 ? first : first & (0x7FU >> length);
    bool is_whole = is_lead && text.size() >= length;
    for (std::size_t i = 1; is_whole && i < length; ++i) {
        is_whole = (byte_at(i) & 0xC0U) == 0x80;
        character = character << 6U | (byte_at(i) & 0x3FU);
    }
    text.remove_prefix(is_whole ? length : 1);
    return is_whole && character <= highest && !is_surrogate(character) ? character : replacement;
}

}  // namespace

std::string to_utf8(cl_object string) {
    std::string text;
    if (!ECL_STRINGP(string)) return text;
    const cl_index length = string->string.fillp;
    text.reserve(length);
    for (cl_index i = 0; i < length; ++i) append(text, static_cast<std::uint32_t>(ecl_char(string, i)));
    return text;
}

cl_object from_utf8(std::string_view text) {
    cl_index length = 0;
    for (std::string_view rest = text; !rest.empty(); ++length) static_cast<void>(take(rest));
    cl_object string = ecl_alloc_simple_extended_string(length);
    for (cl_index i = 0; i < length; ++i) string->string.self[i] = static_cast<ecl_character>(take(text));
    return string;
}

cl_object symbol(const char* name, const char* package) { return ecl_make_symbol(name, package); }

}  // namespace servicekit::lisp

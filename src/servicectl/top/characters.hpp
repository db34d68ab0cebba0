#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "base/utf8.hpp"

namespace servicekit::servicectl::top {

/// A character of a text.
struct Character {
    std::string_view bytes;
    char32_t code = 0;
};

/// Removes the first character from a text. \pre the text is not empty, and is valid UTF-8
[[nodiscard]] inline Character take_character(std::string_view& text) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    char32_t code = byte(0);
    if (length > 1) {
        code &= 0x7FU >> length;
        for (std::size_t i = 1; i < length; ++i) code = (code << 6U) | (byte(i) & 0x3FU);
    }
    const Character character{text.substr(0, length), code};
    text.remove_prefix(length);
    return character;
}

}  // namespace servicekit::servicectl::top

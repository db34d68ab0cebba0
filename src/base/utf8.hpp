#pragma once

#include <cstddef>
#include <string_view>

namespace servicekit {

/// \returns the number of bytes of the UTF-8 sequence at the start of `text`; 0 if there is none (RFC 3629: no overlong
///          forms, no surrogates, nothing above U+10FFFF)
[[nodiscard]] inline std::size_t utf8_length(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto continues = [&byte](std::size_t i, unsigned lowest = 0x80, unsigned highest = 0xBF) {
        return byte(i) >= lowest && byte(i) <= highest;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned lowest = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned highest = lead == 0xED ? 0x9F : 0xBF;
        return continues(1, lowest, highest) && continues(2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned lowest = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned highest = lead == 0xF4 ? 0x8F : 0xBF;
        return continues(1, lowest, highest) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace servicekit

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace servicekit {

/// What may separate lines and columns in a text for people.
enum class Breaks {
    none,   ///< a text that stays on one line: newline and tab are escaped
    allow,  ///< a text of several lines: newline and tab stay as they are
};

/// \returns how many bytes the character at the start of `text` has, if it is valid UTF-8 and only shows itself; 0 if it
///          is not valid UTF-8, or controls how other text is shown: a control character (C0, DEL, C1), a line or
///          paragraph separator, a control of the writing direction, or a byte order mark.
[[nodiscard]] std::size_t plain_character(std::string_view text) noexcept;

/// Appends the text with each byte or character that plain_character() refuses replaced by its number: `\n`, `\r`, `\t`,
/// `\x1b` (a control character of ASCII, or a byte that is not UTF-8), `\u009b`. What it appends is valid UTF-8, at most
/// six bytes for a byte, and can neither drive a terminal nor pass for another line. A backslash stays as it is, so that
/// escaping twice changes nothing. Async-signal-safe if `out` has the room.
void append_escaped(std::string& out, std::string_view text, Breaks breaks = Breaks::none);
[[nodiscard]] std::string escaped(std::string_view text, Breaks breaks = Breaks::none);

/// \returns how many bytes at the end of `text` may be the beginning of a character that the next bytes complete.
[[nodiscard]] std::size_t unfinished_character(std::string_view text) noexcept;

}  // namespace servicekit

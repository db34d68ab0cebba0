#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace servicekit {

/// Which separators of lines and columns a text for people may contain.
enum class Breaks {
    none,   ///< a text on one line: newline and tab are escaped
    allow,  ///< a text of several lines: newline and tab are kept
};

/// \returns the number of bytes of the character at the start of `text`; 0 if it is not valid UTF-8 or controls how
///          other text is shown. The latter are control characters (C0, DEL, C1), line and paragraph separators,
///          controls of the writing direction, and the byte order mark.
[[nodiscard]] std::size_t plain_character(std::string_view text) noexcept;

/// Appends the text and escapes each byte or character that plain_character() refuses: `\n`, `\r`, `\t`, `\x1b` (an
/// ASCII control character, or a byte that is not UTF-8), `\u009b`. The appended text is valid UTF-8 and has at most
/// six bytes for each byte of `text`. It can neither control a terminal nor look like another line. A backslash is not
/// escaped, so escaping twice changes nothing. Async-signal-safe if `out` has enough capacity.
void append_escaped(std::string& out, std::string_view text, Breaks breaks = Breaks::none);
[[nodiscard]] std::string escaped(std::string_view text, Breaks breaks = Breaks::none);

/// \returns the number of bytes at the end of `text` that may be the beginning of a character that the next bytes
///          complete
[[nodiscard]] std::size_t unfinished_character(std::string_view text) noexcept;

}  // namespace servicekit

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// What the value of a setting must be.
enum class SettingKind {
    name,
    path,
    log_level,
    account,
    file_mask,
    seconds,
    flag,
    limit,
    paths,
    peers,
    descriptor,
    line_format,
    size,
    period,
    count,
    words,
    stream,
};

/// \returns the value in the one form in which it is kept: seconds as an integer where they are whole,
///          a mask with three digits, a limit as text, so that equal settings are equal values.
/// \throws TypeError
[[nodiscard]] Value checked(SettingKind kind, Value value);

/// Understands what the command line and the environment give; what makes no sense is left to checked().
/// Seconds may end with an `s`, sizes with `K`, `M` or `G`, times 1,024 each. A flag is 1, true, yes, on, or 0, false, no,
/// off. Paths have colons between them, peers commas, words spaces.
[[nodiscard]] Value value_from_text(SettingKind kind, std::string_view text);

/// The text of which value_from_text() makes the value.
/// \returns nothing where there is none, as for a list with a path that has a colon
[[nodiscard]] std::optional<std::string> text_from_value(SettingKind kind, const Value& value);

/// A SettingKind::file_mask as bits, and permissions as such a mask.
[[nodiscard]] mode_t mode_from_octal(const std::string& mask);
[[nodiscard]] std::string octal_from_mode(mode_t permissions);

}  // namespace servicekit

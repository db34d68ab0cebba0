#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// The type of a setting's value.
enum class SettingKind {
    name,
    path,
    log_level,
    account,
    file_mask,
    seconds,
    interval,  ///< seconds, at least 1
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
    urls,
    text,
    readiness,      ///< standby or active
    loss_action,    ///< exit or standby
    cluster_start,  ///< wait or required
};

/// Returns the words that a setting of this kind can have; empty if it can have other values.
[[nodiscard]] std::span<const std::string_view> choices_of(SettingKind kind) noexcept;

/// \returns the value in the form in which it is kept: whole seconds as an integer, a mask with three digits, a limit
///          as text. So equal settings are equal values.
/// \throws TypeError
[[nodiscard]] Value checked(SettingKind kind, Value value);

/// Parses a value from the command line or the environment. Leaves invalid texts for checked() to refuse. Seconds may
/// end with an `s`, sizes with `K`, `M` or `G`, times 1,024 each. A flag is 1, true, yes, on, or 0, false, no, off.
/// Colons separate paths, commas separate peers and URLs, and spaces separate words.
[[nodiscard]] Value value_from_text(SettingKind kind, std::string_view text);

/// Returns the text from which value_from_text() makes the value.
/// \returns nothing if there is none, as for a list with a path that has a colon
[[nodiscard]] std::optional<std::string> text_from_value(SettingKind kind, const Value& value);

/// Converts a SettingKind::file_mask to bits, and permissions to such a mask.
[[nodiscard]] mode_t mode_from_octal(const std::string& mask);
[[nodiscard]] std::string octal_from_mode(mode_t permissions);

}  // namespace servicekit

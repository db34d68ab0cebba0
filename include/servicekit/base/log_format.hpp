#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "servicekit/base/log_record.hpp"

namespace servicekit {

namespace detail {

// Deliberately not constexpr: a call during the check of a format is a compile error that shows the function's name.
inline void the_log_format_has_an_unmatched_brace() {}
inline void the_log_format_has_more_placeholders_than_arguments() {}
inline void the_log_format_has_fewer_placeholders_than_arguments() {}
inline void the_log_format_numbers_its_placeholders_or_nests_them() {}

consteval void check_log_format(std::string_view format, std::size_t arguments) {
    std::size_t placeholders = 0;
    for (std::size_t at = 0; at < format.size(); ++at) {
        const bool doubled = at + 1 < format.size() && format[at + 1] == format[at];
        if (format[at] == '}') {
            if (!doubled) the_log_format_has_an_unmatched_brace();
            ++at;
        } else if (format[at] == '{') {
            if (doubled) {
                ++at;
                continue;
            }
            const std::size_t end = format.find_first_of("{}", at + 1);
            if (end == std::string_view::npos) the_log_format_has_an_unmatched_brace();
            const bool plain = end == at + 1 || format[at + 1] == ':';
            if (format[end] == '{' || !plain) the_log_format_numbers_its_placeholders_or_nests_them();
            ++placeholders;
            at = end;
        }
    }
    if (placeholders > arguments) the_log_format_has_more_placeholders_than_arguments();
    if (placeholders < arguments) the_log_format_has_fewer_placeholders_than_arguments();
}

}  // namespace detail

/// The text of a log line with a placeholder for each argument, and the place in the source. The text is checked at
/// compile time. A placeholder is `{}` or `{:SPEC}` with a SPEC of std::format, such as `{:>8}` or `{:.3f}`, without
/// nesting. `{{` and `}}` are literal braces.
template <class... Arguments>
class LogFormat {
public:
    /// Takes a literal. The other arguments are the place of the caller; leave them out.
    template <std::size_t Size>
    consteval LogFormat(const char (&text)[Size],  // NOLINT(google-explicit-constructor,modernize-avoid-c-arrays)
                        const char* file = __builtin_FILE(), unsigned line = __builtin_LINE(),
                        const char* function = __builtin_FUNCTION())
        : text_{text, Size - 1}, source_{file, line, function} {
        detail::check_log_format(text_, sizeof...(Arguments));
    }

    /// The text with its placeholders.
    [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }
    /// The place of the line in the source.
    [[nodiscard]] constexpr const LogSource& source() const noexcept { return source_; }

private:
    std::string_view text_;
    LogSource source_;
};

/// The literal text of a log line, in which braces have no meaning, and the place in the source.
class LogMessage {
public:
    /// Takes a text that outlives this object. The other arguments are the place of the caller; leave them out.
    template <detail::LogText Text>
    LogMessage(const Text& text,  // NOLINT(google-explicit-constructor)
               const char* file = __builtin_FILE(), unsigned line = __builtin_LINE(),
               const char* function = __builtin_FUNCTION()) noexcept
        : text_{text}, source_{file, line, function} {}

    /// The text.
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    /// The place of the line in the source.
    [[nodiscard]] const LogSource& source() const noexcept { return source_; }

private:
    std::string_view text_;
    LogSource source_;
};

/// Appends the format with its placeholders filled in. If a SPEC does not suit its value, it is appended unchanged,
/// followed by the value in its plain form, so that no line is lost.
/// \pre there is a value for each placeholder
void append_formatted(std::string& out, std::string_view format, std::span<const LogValue> values);

}  // namespace servicekit

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// Where and why a text is no JSON.
struct JsonError {
    std::size_t offset = 0;  ///< in bytes, from the start of the text
    std::size_t line = 1;    ///< from 1
    std::size_t column = 1;  ///< in bytes, from 1
    std::string reason;      ///< "missing a comma or ] after an array element"
    /// The key that stands twice in one object, as a JSON pointer (RFC 6901); empty for any other fault.
    std::string repeated_key = {};
};

/// Parses one JSON value (RFC 8259) with nothing but white space around it.
/// Without recursion, so that no nesting overflows the stack; UTF-8 is validated;
/// deeper than `max_depth`, or a key given twice, is an error. A byte order mark before the value is skipped.
[[nodiscard]] std::variant<Value, JsonError> parse_json(std::string_view text, std::size_t max_depth = 64);

/// The same with comments, as in C++, wherever white space may be.
[[nodiscard]] std::variant<Value, JsonError> parse_json_with_comments(std::string_view text);

/// The value on one line, without spaces.
[[nodiscard]] std::string to_json(const Value& value);
[[nodiscard]] std::string to_json(const Object& object);

/// The value over several lines, indented by two spaces, for people.
[[nodiscard]] std::string to_pretty_json(const Value& value);

/// What keeps a value from being JSON.
struct NotJson {
    std::string pointer;  ///< which part, as a JSON pointer (RFC 6901)
    std::string reason;   ///< "it is not a finite number"
};
/// \returns the first part of the object that JSON has no form for: a number that is not finite, or a text or a key that is
///          not UTF-8. Printed all the same, the number becomes null, and each byte U+FFFD.
[[nodiscard]] std::optional<NotJson> find_not_json(const Object& object);

/// Appends the value on one line to `out`: the fast path of replies.
void append_json(std::string& out, const Object& object);

/// Appends the text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. Characters that control how
/// other text is shown (of C0, DEL and C1, writing direction, separators of lines, a byte order mark) are escaped, so that
/// JSON can be shown on a terminal as it is.
void append_json_string(std::string& out, std::string_view text);

}  // namespace servicekit

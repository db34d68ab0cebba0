#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/value.hpp"

namespace servicekit {

/// The place and the reason at which a text is not valid JSON.
struct JsonError {
    std::size_t offset = 0;  ///< in bytes, from the start of the text
    std::size_t line = 1;    ///< from 1
    std::size_t column = 1;  ///< in bytes, from 1
    std::string reason;      ///< "missing a comma or ] after an array element"
    /// The key that occurs twice in one object, as a JSON pointer (RFC 6901); empty for other errors.
    std::string repeated_key = {};
};

/// Parses one JSON value (RFC 8259), with only white space around it. It does not recurse, so deep nesting cannot
/// overflow the stack. UTF-8 is validated. A value nested deeper than `max_depth`, or a duplicate key, is an error. A
/// byte order mark before the value is skipped.
[[nodiscard]] std::variant<Value, JsonError> parse_json(std::string_view text, std::size_t max_depth = 64);

/// Parses JSON with C++ comments, which may be wherever white space may be.
[[nodiscard]] std::variant<Value, JsonError> parse_json_with_comments(std::string_view text);

/// Formats the value on one line, without spaces.
[[nodiscard]] std::string to_json(const Value& value);
/// Formats the object on one line, without spaces.
[[nodiscard]] std::string to_json(const Object& object);

/// Formats the value over several lines, indented by two spaces, for people.
[[nodiscard]] std::string to_pretty_json(const Value& value);

/// The reason why JSON cannot express a value.
struct NotJson {
    std::string pointer;  ///< the part of the value, as a JSON pointer (RFC 6901)
    std::string reason;   ///< "it is not a finite number"
};
/// \returns the first part of the object that JSON cannot express: a number that is not finite, or a string or a key
///          that is not UTF-8; nothing if there is none. If such an object is formatted, the number becomes null, and
///          each wrong byte U+FFFD.
[[nodiscard]] std::optional<NotJson> find_not_json(const Object& object);

/// Appends the value on one line to `out`. This is the fast path of replies.
void append_json(std::string& out, const Object& object);
/// Does the same for a value of any type.
void append_json_value(std::string& out, const Value& value);

/// Appends the members of the object in the same way, without braces, and with a comma before each.
void append_json_members(std::string& out, const Object& object);

/// Appends the text as a JSON string with quotes. Bytes that are not UTF-8 become U+FFFD. Control characters that
/// change how other text is displayed (C0, DEL, C1, writing direction, line separators, byte order mark) are escaped,
/// so that JSON can be printed on a terminal.
void append_json_string(std::string& out, std::string_view text);

}  // namespace servicekit

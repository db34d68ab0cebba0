#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "servicectl/top/screen.hpp"

namespace servicekit::servicectl::top {

/// Returns the number of columns of a character, as Screen::columns_of() does.
using Width = std::function<std::size_t(char32_t)>;

/// Returns the number of columns of a text. \pre it is escaped
[[nodiscard]] std::size_t columns_of(std::string_view text, const Width& width);

/// Returns the text, with spaces behind it if it has fewer columns.
[[nodiscard]] std::string padded(std::string text, std::size_t columns, const Width& width);

/// Returns what a window of this many columns shows of the line, after `skipped` columns on the left. Half a character
/// is shown as a space.
[[nodiscard]] Line window(const Line& line, std::size_t skipped, std::size_t columns, const Width& width);

/// Returns the line with spaces in the style of its last span up to this many columns.
[[nodiscard]] Line filled(Line line, std::size_t columns, const Width& width);

/// Returns the lines of a text, without newlines.
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);

}  // namespace servicekit::servicectl::top

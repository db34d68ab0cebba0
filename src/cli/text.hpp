#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/base/value.hpp"

namespace servicekit::cli {

/// Returns the two largest units: "3 hours 1 minute", "12 seconds".
[[nodiscard]] std::string duration_in_words(std::chrono::seconds duration);

/// Does the same, shorter: "3h 1m", "12s".
[[nodiscard]] std::string short_duration(std::chrono::seconds duration);

/// Returns a value for people: strings without quotes, everything else as JSON, on one line, escaped by
/// append_escaped().
[[nodiscard]] std::string plain_text(const Value& value);

/// Returns the number of columns of the text: its code points.
[[nodiscard]] std::size_t columns(std::string_view text) noexcept;
/// Returns the text, cut between code points to at most this many columns.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t columns) noexcept;

/// Returns one line per row. The cells are escaped by append_escaped() and aligned in columns of the width they need.
[[nodiscard]] std::string table(std::vector<std::vector<std::string>> rows);

}  // namespace servicekit::cli

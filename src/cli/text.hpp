#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/base/value.hpp"

namespace servicekit::cli {

/// The two greatest units: "3 hours 1 minute", "12 seconds".
[[nodiscard]] std::string duration_in_words(std::chrono::seconds duration);

/// A value as people read it: strings without quotes, everything else as JSON, on one line, escaped by append_escaped().
[[nodiscard]] std::string plain_text(const Value& value);

/// How many columns the text takes: its code points.
[[nodiscard]] std::size_t columns(std::string_view text) noexcept;
/// The text, cut between code points to as many columns.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t columns) noexcept;

/// One row a line, its cells escaped by append_escaped() and aligned in columns that are as wide as they need to be.
[[nodiscard]] std::string table(std::vector<std::vector<std::string>> rows);

}  // namespace servicekit::cli

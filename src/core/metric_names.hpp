#pragma once

#include <algorithm>
#include <string_view>

namespace servicekit {

/// Returns true for what metrics, labels and units are called in the text formats: letters, digits and `_`, not
/// starting with a digit.
[[nodiscard]] inline bool is_metric_name(std::string_view name) noexcept {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && !is_digit(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace servicekit

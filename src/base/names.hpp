#pragma once

#include <span>
#include <string>
#include <string_view>

namespace servicekit {

/// Returns true if `name` can be the name of a service, an event or a parameter: letters, digits, `.`, `_`, `-`, at
/// most 64 of them, not starting with a dot.
[[nodiscard]] bool is_valid_name(std::string_view name) noexcept;

/// Returns the rule of is_valid_name() in words, for messages.
[[nodiscard]] std::string_view name_rule() noexcept;

/// Returns the one of `names` that was probably meant by a wrong name. It differs by at most 2 typing errors, or by one
/// for every three bytes of the wrong name. A typing error is a wrong, missing or extra byte, or two swapped
/// neighbours. At least half of the name must be right. Returns an empty text if no name is near enough.
[[nodiscard]] std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> names);

/// Returns "; did you mean 'status'?", or an empty text if no name is near enough.
[[nodiscard]] std::string did_you_mean(std::string_view wrong, std::span<const std::string_view> names);

}  // namespace servicekit

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace servicekit {

/// Whether it can be the name of a service, an event or a parameter: letters, digits, `.`, `_`, `-`,
/// at most 64 of them, not starting with a dot.
[[nodiscard]] bool is_valid_name(std::string_view name) noexcept;

/// The rule of is_valid_name() in words, for messages.
[[nodiscard]] std::string_view name_rule() noexcept;

/// The one of `names` that a wrong one was probably meant to be: at most 2 typing errors away, or one for each three
/// of its bytes (a byte wrong, missing, too many, or two neighbours swapped), and half of it right at least.
/// Empty where none is near.
[[nodiscard]] std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> names);

/// "; did you mean 'status'?", or nothing where no name is near.
[[nodiscard]] std::string did_you_mean(std::string_view wrong, std::span<const std::string_view> names);

}  // namespace servicekit

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Implements StandardStreams::ask_hidden().
[[nodiscard]] Result<std::optional<std::string>> ask_for_hidden_line(const std::string& prompt);
/// Implements StandardStreams::ask_key().
[[nodiscard]] Result<std::optional<char>> ask_for_key(const std::string& prompt, std::string_view keys);

}  // namespace servicekit::os

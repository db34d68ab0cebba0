#pragma once

#include <optional>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// StandardStreams::ask_hidden().
[[nodiscard]] Result<std::optional<std::string>> ask_for_hidden_line(const std::string& prompt);

}  // namespace servicekit::os

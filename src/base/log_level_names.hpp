#pragma once

#include <array>
#include <string_view>

#include "servicekit/base/log_level.hpp"

namespace servicekit {

/// In the order of LogLevel.
inline constexpr std::array<std::string_view, 6> log_level_names{"trace", "debug", "info", "warning", "error", "fatal"};
static_assert(log_level_names.size() == static_cast<std::size_t>(LogLevel::fatal) + 1);

/// The same names for help and messages.
inline constexpr std::string_view log_level_list = "trace, debug, info, warning, error, fatal";

}  // namespace servicekit

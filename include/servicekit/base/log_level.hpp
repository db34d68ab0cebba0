#pragma once

#include <optional>
#include <string_view>

namespace servicekit {

/// How much a log line matters; a log shows its own level and all above.
enum class LogLevel { trace, debug, info, warning, error, fatal };

[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

/// \returns nothing where `name` is no level.
[[nodiscard]] std::optional<LogLevel> log_level_from(std::string_view name) noexcept;

}  // namespace servicekit

#pragma once

#include <optional>
#include <string_view>

namespace servicekit {

/// The importance of a log line. A log shows lines of its own level and above.
enum class LogLevel { trace, debug, info, warning, error, fatal };

/// The name of the level: "info".
[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

/// \returns nothing if `name` is not a level
[[nodiscard]] std::optional<LogLevel> log_level_from(std::string_view name) noexcept;

}  // namespace servicekit

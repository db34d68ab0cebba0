#include "servicekit/base/log_level.hpp"

#include <cstddef>

#include "base/log_level_names.hpp"

namespace servicekit {

std::string_view to_string(LogLevel level) noexcept { return log_level_names[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> log_level_from(std::string_view name) noexcept {
    for (std::size_t i = 0; i < log_level_names.size(); ++i)
        if (log_level_names[i] == name) return static_cast<LogLevel>(i);
    return std::nullopt;
}

}  // namespace servicekit

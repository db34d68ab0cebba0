#include "servicekit/base/log_level.hpp"

#include <array>
#include <cstddef>

namespace servicekit {
namespace {

constexpr std::array<std::string_view, 6> names{"trace", "debug", "info", "warning", "error", "fatal"};
static_assert(names.size() == static_cast<std::size_t>(LogLevel::fatal) + 1);

}  // namespace

std::string_view to_string(LogLevel level) noexcept { return names[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> log_level_from(std::string_view name) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<LogLevel>(i);
    return std::nullopt;
}

}  // namespace servicekit

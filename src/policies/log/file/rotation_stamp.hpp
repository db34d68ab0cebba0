#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace servicekit::policies {

/// What the rotated files of a log have behind its name and a `-`: `20261122T061000.123456Z`, the time in UTC at which it was
/// rotated. Sorts as time does, and stands in no shell's way.
[[nodiscard]] std::string rotation_stamp(std::chrono::system_clock::time_point time);

[[nodiscard]] bool is_rotation_stamp(std::string_view text) noexcept;

}  // namespace servicekit::policies

#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace servicekit::policies {

/// Returns the suffix that the rotated files of a log have after its name and a `-`: `20261122T061000.123456Z`, the
/// time of the rotation in UTC. It sorts by time, and a shell needs no quotes for it.
[[nodiscard]] std::string rotation_stamp(std::chrono::system_clock::time_point time);

[[nodiscard]] bool is_rotation_stamp(std::string_view text) noexcept;

}  // namespace servicekit::policies

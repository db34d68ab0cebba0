#pragma once

#include <string_view>
#include <vector>

namespace servicekit::simulation {

/// Returns the errors that an operation of a fake can really have: all that sections 2 and 3 of the manual list for its
/// system calls and functions. \throws std::out_of_range for an operation that has no list yet
[[nodiscard]] const std::vector<int>& errnos_of(std::string_view operation);

}  // namespace servicekit::simulation

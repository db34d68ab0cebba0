#pragma once

#include <string_view>
#include <vector>

namespace servicekit::simulation {

/// The errors that an operation of a fake can have for real: all that section 2 and 3 of the manual list for the system
/// calls and functions that stand behind it. \throws std::out_of_range for an operation that nobody looked up yet
[[nodiscard]] const std::vector<int>& errnos_of(std::string_view operation);

}  // namespace servicekit::simulation

#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace servicekit::contract_tests {

/// Returns true if the status event, or every reply, already has a field of this name.
[[nodiscard]] inline bool is_reserved_field(std::string_view name) {
    static constexpr std::array<std::string_view, 11> reserved{"as-of", "busy",   "control-socket", "error",
                                                               "name",  "pid",    "progress",       "started-at",
                                                               "state", "uptime", "version"};
    return std::find(reserved.begin(), reserved.end(), name) != reserved.end();
}

}  // namespace servicekit::contract_tests

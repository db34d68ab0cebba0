#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicectl/places.hpp"
#include "servicekit/base/error.hpp"

namespace servicekit::servicectl {

/// Returns true for a text with `*` or `?`.
[[nodiscard]] bool is_pattern(std::string_view target) noexcept;
/// Returns true if the whole name matches the pattern: `*` is any text, `?` any character.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name) noexcept;

/// The services that a target means.
struct Meant {
    std::vector<Place> places = {};
    std::optional<Error> fault = {};  ///< why there is none
    bool is_unknown = false;          ///< the fault is that there is no such service
};

/// Finds the service with a name. Those of other users count only if this process's user and root have none. One that
/// runs is preferred to one that does not, and then one of this process's user to one of root.
[[nodiscard]] Meant find_by_name(const std::string& name, const std::vector<Place>& known, const os::Host& host);
/// Finds the running services whose names match. Those of other users count only if `all_users` is true.
[[nodiscard]] Meant find_by_pattern(const std::string& pattern, const std::vector<Place>& known, bool all_users,
                                    const os::Host& host);
/// Finds the service or services that a target means: a path if it has a slash, otherwise a pattern or a name.
[[nodiscard]] Meant find_target(const std::string& target, const std::vector<Place>& known, bool all_users,
                                const os::Host& host);

}  // namespace servicekit::servicectl

#pragma once

#include <cstdint>
#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::cli {

/// An event that waits or runs, as `status` lists it.
struct ListedEvent {
    std::int64_t id = 0;
    std::string event = {};
};

/// Finds the event of this name, or else of this id, in a status. \returns an error if there is none, or more than one
[[nodiscard]] Result<ListedEvent> find_listed(const Object& status, const std::string& name_or_id);

}  // namespace servicekit::cli

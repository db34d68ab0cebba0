#pragma once

#include <cstddef>
#include <optional>

#include "servicekit/base/error.hpp"

namespace servicekit::os {

/// How a write went that may have been cut short.
struct Writing {
    std::size_t bytes = 0;              ///< that were written
    std::optional<Error> failure = {};  ///< why these are not all

    explicit operator bool() const noexcept { return !failure; }
};

}  // namespace servicekit::os

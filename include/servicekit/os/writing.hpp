#pragma once

#include <cstddef>
#include <optional>

#include "servicekit/base/error.hpp"

namespace servicekit::os {

/// The result of a write that may be incomplete.
struct Writing {
    std::size_t bytes = 0;              ///< number of bytes that were written
    std::optional<Error> failure = {};  ///< why not all bytes were written

    /// \returns true if all bytes were written.
    explicit operator bool() const noexcept { return !failure; }
};

}  // namespace servicekit::os

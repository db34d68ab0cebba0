#pragma once

#include "cli/verbs.hpp"
#include "servicekit/core/config_schema.hpp"

namespace servicekit::cli {

/// What sets the command lines of one program apart from those of others.
struct Dialect {
    LispVerbs lisp = LispVerbs::hidden;
    const ConfigSchema* own = nullptr;  ///< the keys of its own configuration; null if it has declared none
};

}  // namespace servicekit::cli

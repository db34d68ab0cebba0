#pragma once

#include <vector>

#include "cli/verbs.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/program_verb.hpp"

namespace servicekit::cli {

/// What sets the command lines of one program apart from those of others.
struct Dialect {
    LispVerbs lisp = LispVerbs::hidden;
    const ConfigSchema* own = nullptr;  ///< the keys of its own configuration; null if it has declared none
    const std::vector<ProgramVerb>* verbs = nullptr;  ///< those that it adds; null: none
};

}  // namespace servicekit::cli

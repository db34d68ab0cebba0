#pragma once

#include <vector>

#include "cli/setting_options.hpp"
#include "cli/verbs.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/program_verb.hpp"

namespace servicekit::cli {

/// What distinguishes the command lines of one program from those of others.
struct Dialect {
    LispVerbs lisp = LispVerbs::hidden;
    const ConfigSchema* own = nullptr;  ///< the keys of the application's configuration; null if it declares none
    const std::vector<ProgramVerb>* verbs = nullptr;  ///< the verbs that the application adds; null: none
    SettingScope scope = SettingScope::every_service;

    /// Returns the settings that a command line can give.
    [[nodiscard]] KnownSettings settings() const noexcept { return {own, scope}; }
    /// Returns the verbs that help and completion show.
    [[nodiscard]] std::vector<VerbDescription> shown_verbs() const { return cli::verbs(lisp, scope); }
};

}  // namespace servicekit::cli

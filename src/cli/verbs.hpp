#pragma once

#include <span>
#include <string_view>

#include "cli/invocation.hpp"

namespace servicekit::cli {

struct Session;

/// One row of the table of verbs.
struct VerbDescription {
    Verb verb;
    int (*run)(Session&);  ///< runs the verb, prints, and returns the exit code
    std::string_view name;
    std::string_view text;
};

/// Whether help and completion show `eval` and `repl`, which need a program with a Lisp.
enum class LispVerbs { hidden, shown };

/// Returns the verbs that help and completion show, in the order of the help text.
[[nodiscard]] std::span<const VerbDescription> verbs(LispVerbs lisp) noexcept;

/// Finds hidden verbs, too. \returns null if there is no such verb
[[nodiscard]] const VerbDescription* find_verb(std::string_view name) noexcept;

/// Runs the verb of the session. \returns the exit code
int run_verb(Session& session);

}  // namespace servicekit::cli

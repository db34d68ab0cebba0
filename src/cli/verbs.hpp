#pragma once

#include <span>
#include <string_view>

#include "cli/invocation.hpp"

namespace servicekit::cli {

struct Session;

/// One row of the table of verbs.
struct VerbDescription {
    Verb verb;
    int (*run)(Session&);  ///< does what it says, prints, and returns the exit code
    std::string_view name;
    std::string_view text;
};

/// Whether help and completion show `eval` and `repl`, which only a program with a Lisp can serve.
enum class LispVerbs { hidden, shown };

/// Those that help and completion show, in the order of the help text.
[[nodiscard]] std::span<const VerbDescription> verbs(LispVerbs lisp) noexcept;

/// Knows those that are hidden too. \returns null where there is no such verb.
[[nodiscard]] const VerbDescription* find_verb(std::string_view name) noexcept;

/// Does what the verb of the session says. \returns the exit code
int run_verb(Session& session);

}  // namespace servicekit::cli

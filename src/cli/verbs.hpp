#pragma once

#include <string_view>
#include <vector>

#include "cli/invocation.hpp"
#include "core/setting_table.hpp"

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
[[nodiscard]] std::vector<VerbDescription> verbs(LispVerbs lisp, SettingScope scope = SettingScope::every_service);

/// Finds `eval` and `repl`, too, but `resign` only for a lock with a second level. \returns null if there is no such
/// verb
[[nodiscard]] const VerbDescription* find_verb(std::string_view name,
                                               SettingScope scope = SettingScope::with_standby) noexcept;

/// Runs the verb of the session. \returns the exit code
int run_verb(Session& session);

}  // namespace servicekit::cli

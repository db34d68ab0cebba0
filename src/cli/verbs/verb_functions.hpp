#pragma once

#include "cli/session.hpp"

namespace servicekit::cli {

/// Each does what docs/reference/verbs.md says, prints, and returns the exit code.

// lifecycle_verbs.cpp
int start(Session& session);
int run(Session& session);
int check(Session& session);
int restart(Session& session);
// ending_verbs.cpp
int stop(Session& session);
int kill(Session& session);
int wait(Session& session);
/// Stops the service whose settings are already loaded, and waits for its end. Succeeds if no service runs, and if the
/// stop is not clean, which is printed.
int stop_to_restart(Session& session);
// resign.cpp
int resign(Session& session);
/// Waits until another instance stands by for the active one, at most for the time of the invocation. Does nothing if
/// the service is not active, or its lock has one level.
/// \returns false if the user has interrupted the wait
/// \pre the settings are loaded
[[nodiscard]] bool await_successor(Session& session);
// query_verbs.cpp
int status(Session& session);
int pid(Session& session);
int events(Session& session);
int log_level(Session& session);
int log_reopen(Session& session);
int cancel(Session& session);
/// Runs a verb that the application has added.
int program_verb(Session& session);
int reload(Session& session);
// health.cpp
int health(Session& session);
// call.cpp
int call(Session& session);
// eval.cpp
int eval(Session& session);
// repl.cpp
int repl(Session& session);
// where.cpp
int where(Session& session);
// logs.cpp
int logs(Session& session);
// crashes.cpp
int crashes(Session& session);
// metrics.cpp
int metrics(Session& session);
// unit.cpp
int unit(Session& session);
// completion.cpp
int completion(Session& session);
int complete(Session& session);
// man.cpp
int man(Session& session);

}  // namespace servicekit::cli

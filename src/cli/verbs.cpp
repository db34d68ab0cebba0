#include "cli/verbs.hpp"

#include <algorithm>
#include <array>

#include "cli/verbs/verb_functions.hpp"

namespace servicekit::cli {
namespace {

constexpr std::array all{
    VerbDescription{Verb::start, &start, "start", "starts the service in the background; returns when it is ready"},
    VerbDescription{Verb::run, &run, "run", "runs the service in the foreground"},
    VerbDescription{Verb::check, &check, "check", "loads and checks the configuration, starts nothing"},
    VerbDescription{Verb::stop, &stop, "stop", "stops the service cleanly, and waits until it has ended"},
    VerbDescription{Verb::kill, &kill, "kill", "ends the service, whatever it is doing"},
    VerbDescription{Verb::restart, &restart, "restart", "checks the configuration, then stops and starts the service"},
    VerbDescription{Verb::reload, &reload, "reload", "makes the service load its configuration again"},
    // Shown only if the lock has a second level.
    VerbDescription{Verb::resign, &resign, "resign", "makes another instance the active one; this one stands by"},
    VerbDescription{Verb::status, &status, "status", "shows the service's status"},
    VerbDescription{Verb::health, &health, "health", "checks whether the service is ready, or live"},
    VerbDescription{Verb::events, &events, "events", "lists the events of the service"},
    VerbDescription{Verb::log_level, &log_level, "log-level", "shows or sets the log level"},
    VerbDescription{Verb::log_reopen, &log_reopen, "log-reopen", "reopens the log file"},
    VerbDescription{Verb::call, &call, "call", "runs any event and prints its reply"},
    VerbDescription{Verb::cancel, &cancel, "cancel", "removes an event from the queue, or asks its run to end"},
    VerbDescription{Verb::wait, &wait, "wait", "waits until no instance of the service runs"},
    VerbDescription{Verb::pid, &pid, "pid", "prints the pid of the service"},
    VerbDescription{Verb::where, &where, "where",
                    "prints every setting with its origin, and what the running service has instead"},
    VerbDescription{Verb::logs, &logs, "logs", "shows the end of the log file"},
    VerbDescription{Verb::crashes, &crashes, "crashes", "lists the crashes of the service, or shows the report of one"},
    VerbDescription{Verb::metrics, &metrics, "metrics", "prints the metrics of the service, for Prometheus"},
    VerbDescription{Verb::unit, &unit, "unit", "prints a unit file for systemd with the given options"},
    VerbDescription{Verb::completion, &completion, "completion", "prints a completion script for bash, zsh or fish"},
    VerbDescription{Verb::man, &man, "man", "prints a man page of the service"},
    // Shown only by a program with a Lisp.
    VerbDescription{Verb::eval, &eval, "eval", "evaluates Lisp in the service"},
    VerbDescription{Verb::repl, &repl, "repl", "evaluates what is typed in the service, form by form"},
};

bool is_for(Verb verb, SettingScope scope) { return verb != Verb::resign || scope == SettingScope::with_standby; }

}  // namespace

std::vector<VerbDescription> verbs(LispVerbs lisp, SettingScope scope) {
    std::vector<VerbDescription> shown;
    shown.reserve(all.size());
    for (const VerbDescription& row : all) {
        const bool needs_lisp = row.verb == Verb::eval || row.verb == Verb::repl;
        if (is_for(row.verb, scope) && (!needs_lisp || lisp == LispVerbs::shown)) shown.push_back(row);
    }
    return shown;
}

const VerbDescription* find_verb(std::string_view name, SettingScope scope) noexcept {
    const auto* found = std::find_if(all.begin(), all.end(),
                                     [&](const auto& row) { return row.name == name && is_for(row.verb, scope); });
    return found != all.end() ? found : nullptr;
}

int run_verb(Session& session) {
    const Verb verb = session.invocation.verb;
    if (verb == Verb::complete) return complete(session);
    if (verb == Verb::program) return program_verb(session);
    return std::find_if(all.begin(), all.end(), [verb](const auto& row) { return row.verb == verb; })->run(session);
}

}  // namespace servicekit::cli

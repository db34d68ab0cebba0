#include "cli/verbs.hpp"

#include <algorithm>
#include <array>

namespace servicekit::cli {
namespace {

constexpr std::array all{
    VerbDescription{Verb::start, "start", "starts the service in the background; returns when it is ready"},
    VerbDescription{Verb::run, "run", "runs the service in the foreground"},
    VerbDescription{Verb::check, "check", "loads and checks the configuration, starts nothing"},
    VerbDescription{Verb::stop, "stop", "stops the service cleanly, and waits until it has ended"},
    VerbDescription{Verb::kill, "kill", "ends the service, whatever it is doing"},
    VerbDescription{Verb::restart, "restart", "checks the configuration, then stops and starts the service"},
    VerbDescription{Verb::reload, "reload", "has the service load its configuration again"},
    VerbDescription{Verb::status, "status", "tells whether the service runs, and how it is"},
    VerbDescription{Verb::health, "health", "tells by the exit code whether the service is ready, or live"},
    VerbDescription{Verb::events, "events", "lists what the service can be asked to do"},
    VerbDescription{Verb::log_level, "log-level", "tells or sets how much the service logs"},
    VerbDescription{Verb::log_reopen, "log-reopen", "has the service open its log file anew"},
    VerbDescription{Verb::call, "call", "runs any event and prints its reply"},
    VerbDescription{Verb::wait, "wait", "waits until no instance of the service runs"},
    VerbDescription{Verb::pid, "pid", "prints the pid of the service"},
    VerbDescription{Verb::where, "where",
                    "prints every setting, where it comes from, and what the running service has instead"},
    VerbDescription{Verb::logs, "logs", "shows the end of the log file"},
    VerbDescription{Verb::crashes, "crashes", "lists the crashes of the service, or shows the report of one"},
    VerbDescription{Verb::unit, "unit", "prints a unit file for systemd, with the options that are given"},
    VerbDescription{Verb::completion, "completion", "prints what completes these command lines in bash, zsh or fish"},
    // Only a program with a Lisp shows these.
    VerbDescription{Verb::eval, "eval", "evaluates Lisp in the service"},
    VerbDescription{Verb::repl, "repl", "evaluates what is typed in the service, form by form"},
};
constexpr std::size_t lisp_verb_count = 2;

}  // namespace

std::span<const VerbDescription> verbs(LispVerbs lisp) noexcept {
    const std::span<const VerbDescription> known{all};
    return lisp == LispVerbs::shown ? known : known.first(known.size() - lisp_verb_count);
}

const VerbDescription* find_verb(std::string_view name) noexcept {
    const auto* found = std::find_if(all.begin(), all.end(), [&](const auto& verb) { return verb.name == name; });
    return found != all.end() ? found : nullptr;
}

}  // namespace servicekit::cli

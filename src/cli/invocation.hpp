#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace servicekit {
struct ProgramVerb;
}

namespace servicekit::cli {

enum class Verb {
    start,
    run,
    check,
    stop,
    kill,
    restart,
    reload,
    resign,
    status,
    health,
    events,
    log_level,
    log_reopen,
    call,
    cancel,
    eval,
    repl,
    wait,
    pid,
    where,
    logs,
    crashes,
    metrics,
    unit,
    completion,
    man,
    complete,  ///< for the completion scripts
    program,   ///< one that the application has added
};

/// The parsed command line. Members for other verbs keep their defaults.
struct Invocation {
    Verb verb = Verb::run;
    std::size_t words_from_verb = 0;  ///< number of arguments from the verb to the last
    /// The settings on the command line, by name, as text.
    std::vector<std::pair<std::string, std::string>> settings = {};

    bool json = false;                                      ///< print JSON, errors too
    bool schema = false;                                    ///< check
    bool no_wait = false;                                   ///< stop
    bool force = false;                                     ///< resign
    std::optional<std::chrono::milliseconds> timeout = {};  ///< stop, restart, reload, resign, health, call, eval, repl
    bool live = false;                                      ///< health: check only that it responds
    std::optional<std::chrono::milliseconds> max_busy = {};       ///< health
    bool test = false;                                            ///< wait
    bool follow = false;                                          ///< logs, call
    std::size_t lines = 20;                                       ///< logs
    std::string action = {};                                      ///< crashes: `show`, or empty
    std::size_t number = 1;                                       ///< crashes show: 1 is the latest
    std::optional<std::int64_t> id = {};                          ///< cancel
    bool openmetrics = false;                                     ///< metrics
    const ProgramVerb* program_verb = nullptr;                    ///< the application's
    std::vector<std::pair<std::string, std::string>> given = {};  ///< its arguments, by name, as text
    std::vector<std::pair<std::string, std::vector<std::string>>> given_lists = {};  ///< the same for lists
    bool socket = false;                                                             ///< unit
    bool notify_reload = false;                                                      ///< unit
    bool template_unit = false;                                                      ///< unit
    bool user_manager = false;                                                       ///< unit
    std::string program_path = {};                   ///< unit: absolute; empty: that of this program
    std::string level = {};                          ///< log-level; empty: only show it
    std::string channel = {};                        ///< log-level; empty: the whole service
    std::string since = {};                          ///< logs: omit older lines; empty: by number of lines
    std::string event = {};                          ///< call
    std::vector<std::string> arguments = {};         ///< call: name=value, name:=@FILE, name:=-
    std::optional<std::string> json_arguments = {};  ///< call; "-": read it from stdin
    std::string shell = {};                          ///< completion
    std::vector<std::string> words = {};             ///< complete: without the program, the last one unfinished
    std::vector<std::string> forms = {};             ///< eval
    std::string package = {};                        ///< eval, repl
};

}  // namespace servicekit::cli

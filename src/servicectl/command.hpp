#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cli/command_line.hpp"
#include "cli/invocation.hpp"
#include "cli/verb_options.hpp"

namespace servicekit::servicectl {

struct OwnVerb;

/// A parsed command line of servicectl.
struct Command {
    enum class Kind { own_verb, verb, help, version };
    Kind kind = Kind::help;
    cli::Invocation invocation = {};        ///< for a verb of services
    const OwnVerb* own_verb = nullptr;      ///< for a verb that only servicectl has
    std::string verb = {};                  ///< its name; also for the help of a verb
    std::vector<std::string> targets = {};  ///< for a verb that only servicectl has: its arguments
    std::vector<std::pair<std::string, std::string>> own_options = {};  ///< of such a verb, with the text of the value
    std::vector<std::string> arguments = {};  ///< from the verb on, without targets and options of servicectl
    bool json = false;
    bool all = false;                          ///< list, top: also services that have ended
    bool all_users = false;                    ///< patterns match the services of other users, too
    bool yes = false;                          ///< do not ask before a pattern changes services
    std::chrono::milliseconds timeout{500};    ///< list, top: how long to wait for the answers
    std::chrono::milliseconds interval{2000};  ///< top: time between two questions
    std::string host = {};                     ///< run it there; empty: here
};

/// Returns true for a verb of services that servicectl has, too.
[[nodiscard]] bool has_verb(cli::Verb verb) noexcept;
/// Returns true if only the first argument is a target, and the others belong to the verb.
[[nodiscard]] bool has_arguments(cli::Verb verb) noexcept;
/// Returns the options of a verb of services, without those that servicectl has for all verbs.
[[nodiscard]] std::vector<cli::OptionDescription> options_of_verb(cli::Verb verb);
/// Returns true if the verb changes the service.
[[nodiscard]] bool changes_service(const cli::Invocation& invocation) noexcept;

/// Parses a command line. \param arguments without the program
[[nodiscard]] std::variant<Command, cli::Answer> parse_command(const std::vector<std::string>& arguments);

/// Returns what servicectl does, for one line.
[[nodiscard]] std::string_view summary() noexcept;
/// Returns command lines for the help, without the program.
[[nodiscard]] std::span<const std::string_view> examples() noexcept;

[[nodiscard]] std::string help_text();
/// \pre servicectl has the verb
[[nodiscard]] std::string help_text(std::string_view verb);

}  // namespace servicekit::servicectl

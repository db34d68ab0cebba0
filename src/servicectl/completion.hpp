#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/completion/completion_words.hpp"
#include "cli/console.hpp"
#include "servicectl/command.hpp"
#include "servicectl/tools.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::servicectl {

/// Which services a completion offers.
enum class WhichServices { all, may_run };

/// What a completion asks of the machine. Each function is called at most once.
struct KnownServices {
    /// Returns the names of services, each with a description.
    std::function<std::vector<cli::Offer>(WhichServices)> names;
    /// Returns the reply of the service to `events`; empty if it does not answer at once.
    std::function<Object(const std::string& target)> events;
};

/// Returns the completions of the last word of a command line of servicectl.
/// \param words without the program; the last one is unfinished, and may be empty
[[nodiscard]] cli::Completion complete_command(const std::vector<std::string>& words, const KnownServices& services);

/// Prints the completions for the scripts, which call `servicectl complete -- WORDS`. Connects to no service, except for
/// `call TARGET`: then to all services that the target may mean, to find the one that runs, and to that one.
void complete(const std::vector<std::string>& words, cli::Console& console, const cli::Tools& tools);

/// \returns what is wrong with the arguments of `completion`
[[nodiscard]] std::optional<std::string> check_completion(Command& command);
/// Prints the script for a shell. \returns the exit code
int completion(const Command& command, cli::Console& console, const Tools& tools);

}  // namespace servicekit::servicectl

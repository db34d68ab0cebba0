#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/dialect.hpp"
#include "cli/invocation.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit::cli {

/// What a command line that runs no verb gets: help, the version, or what is wrong with it.
struct Answer {
    ExitCode code = ExitCode::ok;
    os::Stream stream = os::Stream::out;
    std::string text;
};

/// Understands a command line. Options may stand before and after the verb.
/// \param arguments without the program's own name
/// \param about     the program: its name, version and description
[[nodiscard]] std::variant<Invocation, Answer> parse_command_line(const std::vector<std::string>& arguments,
                                                                  const ServiceOptions& about, const Dialect& dialect);

/// \returns what is wrong with an option that the program has chosen for a key
[[nodiscard]] std::optional<Error> check_own_options(const ConfigSchema* own);

/// How the scripts of `completion` call the program.
inline constexpr std::string_view inner_verb = "complete";

/// An option as a command line may have it.
struct OptionDescription {
    std::string name;         ///< with its dashes
    std::string placeholder;  ///< of its value; empty: a flag
    std::string description;
};

/// Every option that a verb takes, from the declarations that its command lines are read by: its own, and the settings.
/// \param program_verb the one that is meant by Verb::program
[[nodiscard]] std::vector<OptionDescription> options_of(Verb verb, const ConfigSchema* own = nullptr,
                                                        const ProgramVerb* program_verb = nullptr);

/// Whether the verb leaves what is no option to positional keys of the program's own configuration.
[[nodiscard]] bool takes_positional_keys(Verb verb);

/// Whether the argument after an option is its value.
[[nodiscard]] bool takes_next(std::string_view option, std::string_view next, const ConfigSchema* own = nullptr);

/// The shells that `completion` knows.
inline constexpr std::array<std::string_view, 3> shells{"bash", "zsh", "fish"};

}  // namespace servicekit::cli

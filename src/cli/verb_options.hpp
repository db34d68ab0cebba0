#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/invocation.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/program_verb.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): of the library
class App;
}

namespace servicekit::cli {

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

/// Declares the options and arguments of the verb `into.verb`, as a command line of it is read by.
/// \param mentioned_in the command line; null: all settings are declared
void declare_options(CLI::App& app, Invocation& into, const ServiceOptions& about, const ConfigSchema* own,
                     const std::vector<std::string>* mentioned_in);

/// Whether some verb, or every one, has the option. \param argument with its dashes, and maybe with `=VALUE`
[[nodiscard]] bool is_known_option(std::string_view argument, const ConfigSchema* own);
/// All that some verb has beside the settings, with their dashes.
[[nodiscard]] std::vector<std::string_view> verb_option_names();
/// "-x" and longer.
[[nodiscard]] bool is_option(std::string_view argument);
/// "--config"
[[nodiscard]] std::string dashed(std::string_view setting);

/// \returns what is wrong with an option that the program has chosen for a key
[[nodiscard]] std::optional<Error> check_own_options(const ConfigSchema* own);

}  // namespace servicekit::cli

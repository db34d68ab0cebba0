#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/invocation.hpp"
#include "cli/setting_options.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/program_verb.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): of the library
class App;
}

namespace servicekit::cli {

/// An option of a command line.
struct OptionDescription {
    std::string name;         ///< with its dashes
    std::string placeholder;  ///< of its value; empty: a flag
    std::string description;
    std::string letter = {};  ///< its short form, such as "-f"; empty: none
};

/// Returns for example "-n, --lines N".
[[nodiscard]] std::string in_words(const OptionDescription& option);

/// Returns every option of a verb, its own and the settings, from the declarations that parse its command lines.
/// \param program_verb the verb for Verb::program
[[nodiscard]] std::vector<OptionDescription> options_of(Verb verb, const KnownSettings& known = {},
                                                        const ProgramVerb* program_verb = nullptr);

/// Returns the options of a verb that are neither settings nor options of every verb.
[[nodiscard]] std::vector<OptionDescription> options_only_of(Verb verb, const ProgramVerb* program_verb = nullptr);

/// An argument of a verb that is not an option.
struct ArgumentDescription {
    std::string name;  ///< for the usage, such as "EVENT"
    std::string description;
    bool is_required = false;
    bool is_repeated = false;
};
/// Returns the arguments of a verb, without the positional keys of the application.
[[nodiscard]] std::vector<ArgumentDescription> arguments_of(Verb verb, const ProgramVerb* program_verb = nullptr);

/// Returns true if arguments of the verb that are not options are positional keys of the application's configuration.
[[nodiscard]] bool takes_positional_keys(Verb verb);

/// Returns true if the argument after an option is its value.
[[nodiscard]] bool takes_next(std::string_view option, std::string_view next, const KnownSettings& known = {});

/// Declares the options and arguments of the verb `into.verb`, to parse its command line.
/// \param mentioned_in the command line; null: all settings are declared
void declare_options(CLI::App& app, Invocation& into, const ServiceOptions& about, const KnownSettings& known,
                     const std::vector<std::string>* mentioned_in);

/// Returns true if some or every verb has the option. \param argument with its dashes, and possibly with `=VALUE`
[[nodiscard]] bool is_known_option(std::string_view argument, const KnownSettings& known);
/// Returns all options of verbs that are not settings, with their dashes.
[[nodiscard]] std::vector<std::string_view> verb_option_names();
/// Returns true for "-x" and longer.
[[nodiscard]] bool is_option(std::string_view argument);
/// Returns for example "--config".
[[nodiscard]] std::string dashed(std::string_view setting);

/// \returns what is wrong with an option that the application has chosen for a key
[[nodiscard]] std::optional<Error> check_own_options(const KnownSettings& known);

}  // namespace servicekit::cli

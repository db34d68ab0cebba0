#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/console.hpp"
#include "servicectl/command.hpp"
#include "servicectl/tools.hpp"

namespace servicekit::servicectl {

/// An option in help, completion and the man page.
struct OptionRow {
    std::string_view letter;       ///< such as "-y"; empty: none
    std::string_view name;         ///< such as "--yes"; empty: none
    std::string_view placeholder;  ///< for its value; empty: a flag
    std::string_view text;
};

/// What the arguments of a verb are, for completion.
enum class ArgumentKind { none, services, words };

/// A verb that servicectl has in addition to those of services.
struct OwnVerb {
    std::string_view name;
    std::string_view arguments;  ///< for the usage, such as "[PATTERN...]"; empty: it takes none
    std::string_view text;       ///< one line for the help
    std::span<const OptionRow> options = {};
    std::string_view note = {};  ///< more for the help
    bool has_json = true;        ///< prints JSON with --json
    ArgumentKind argument_kind = ArgumentKind::none;
    std::span<const std::string_view> words = {};  ///< all arguments that it takes, if it takes words
    std::span<const std::string_view> examples = {};
    /// Checks `arguments` and `own_options` of a command, and fills the members for the verb. Null: there are none to
    /// check. \returns what is wrong
    std::optional<std::string> (*check)(Command&) = nullptr;
    /// Runs the verb, prints, and returns the exit code.
    int (*run)(const Command&, cli::Console&, const Tools&) = nullptr;
};

/// Returns the verbs that servicectl has in addition to those of services, in the order of the help text.
[[nodiscard]] std::span<const OwnVerb> own_verbs() noexcept;
/// \returns null if there is no such verb
[[nodiscard]] const OwnVerb* find_own_verb(std::string_view name) noexcept;

/// Returns the options of all verbs of servicectl.
[[nodiscard]] std::span<const OptionRow> common_options() noexcept;

/// Returns for example "-y, --yes" or "--timeout SECONDS".
[[nodiscard]] std::string in_words(const OptionRow& option);

}  // namespace servicekit::servicectl

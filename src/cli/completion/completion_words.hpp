#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/dialect.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::cli {

/// A word that may be completed at the cursor.
struct Offer {
    std::string word;
    std::string description = {};
};

/// Names that the shell itself looks up.
enum class Lookup { none, files, directories, users, groups, hosts };

/// Completions of the last word of a command line.
struct Completion {
    std::vector<Offer> offers = {};
    Lookup lookup = Lookup::none;
    std::string prefix = {};  ///< the part before a name that is looked up: "--config=", "directory="
};

/// The settings on the command line so far, by name, as text. They determine the service.
using GivenSettings = std::vector<std::pair<std::string, std::string>>;
/// Returns the reply of that service to `events`; empty if none answers.
using AskEvents = std::function<Object(const GivenSettings&)>;

/// Returns the completions of the last word of a command line.
/// \param words without the program; the last one is unfinished, and may be empty
/// \param ask called at most once, and only if a running service can add words
[[nodiscard]] Completion complete_words(const std::vector<std::string>& words, const Dialect& dialect,
                                        const AskEvents& ask);

/// Returns the format that the scripts read: a line `WORD<TAB>DESCRIPTION` for each offer; for a lookup a line
/// `<TAB>files<TAB>PREFIX`. A word that some shell would not take literally is omitted, as a service may use any names
/// for its events.
[[nodiscard]] std::string to_text(const Completion& completion);

}  // namespace servicekit::cli

#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/dialect.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::cli {

/// A word that may stand where the cursor is.
struct Offer {
    std::string word;
    std::string description = {};
};

/// What may stand there in place of words that are known: names that the shell itself looks up.
enum class Lookup { none, files, directories, users, groups };

/// What can be offered for the last word of a command line.
struct Completion {
    std::vector<Offer> offers = {};
    Lookup lookup = Lookup::none;
    std::string prefix = {};  ///< what stands before a name that is looked up: "--config=", "directory="
};

/// The settings on the command line so far, by name, as text: they say which service is meant.
using GivenSettings = std::vector<std::pair<std::string, std::string>>;
/// What that service answers to `events`; empty where none answers.
using AskEvents = std::function<Object(const GivenSettings&)>;

/// What can be offered for the last of the words of a command line.
/// \param words without the program; the last one is unfinished, and may be empty
/// \param ask   called at most once, and only where a running service knows more
[[nodiscard]] Completion complete_words(const std::vector<std::string>& words, const Dialect& dialect,
                                        const AskEvents& ask);

/// The form in which the scripts read it: a line `WORD<TAB>DESCRIPTION` for each offer; for a lookup one line
/// `<TAB>files<TAB>PREFIX`. A word that would not mean itself in every shell is left out, as nobody knows what a service
/// calls its events.
[[nodiscard]] std::string to_text(const Completion& completion);

}  // namespace servicekit::cli

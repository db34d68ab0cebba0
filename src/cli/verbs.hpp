#pragma once

#include <span>
#include <string_view>

#include "cli/invocation.hpp"

namespace servicekit::cli {

struct VerbDescription {
    Verb verb;
    std::string_view name;
    std::string_view text;
};

/// All of them, in the order of the help text.
[[nodiscard]] std::span<const VerbDescription> verbs() noexcept;

/// \returns null where there is no such verb.
[[nodiscard]] const VerbDescription* find_verb(std::string_view name) noexcept;

}  // namespace servicekit::cli

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/setting_options.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/program_verb.hpp"

namespace servicekit::cli {

/// \returns null if the application has no such verb
[[nodiscard]] const ProgramVerb* find_program_verb(const std::vector<ProgramVerb>* verbs,
                                                   std::string_view name) noexcept;

/// \param known the settings, whose options the verbs may not use again
/// \returns what is wrong with the verbs of the application
[[nodiscard]] std::optional<Error> check_program_verbs(const std::vector<ProgramVerb>* verbs,
                                                       const KnownSettings& known);

/// Returns for example "IMAGE".
[[nodiscard]] std::string verb_argument_name(const Parameter& positional);
/// Returns for example "N"; empty for a flag.
[[nodiscard]] std::string verb_value_name(const Parameter& option);
/// Returns its description with range and default.
[[nodiscard]] std::string verb_parameter_text(const Parameter& parameter);

}  // namespace servicekit::cli

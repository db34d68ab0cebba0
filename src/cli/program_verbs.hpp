#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/error.hpp"
#include "servicekit/core/config_schema.hpp"
#include "servicekit/program_verb.hpp"

namespace servicekit::cli {

/// \returns null where the program has no such verb
[[nodiscard]] const ProgramVerb* find_program_verb(const std::vector<ProgramVerb>* verbs,
                                                   std::string_view name) noexcept;

/// \param own the program's own configuration, whose options the verbs may not use again
/// \returns what is wrong with the verbs that the program has declared
[[nodiscard]] std::optional<Error> check_program_verbs(const std::vector<ProgramVerb>* verbs, const ConfigSchema* own);

/// "IMAGE"
[[nodiscard]] std::string verb_argument_name(const Parameter& positional);
/// "N"; empty for a flag
[[nodiscard]] std::string verb_value_name(const Parameter& option);
/// Its description with range and default.
[[nodiscard]] std::string verb_parameter_text(const Parameter& parameter);

}  // namespace servicekit::cli

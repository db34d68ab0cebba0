#pragma once

#include "cli/completion/completion_words.hpp"
#include "cli/session.hpp"

namespace servicekit::cli {

/// Returns a running service's reply to `events`. It is empty if none runs or it does not answer at once. Prints
/// nothing, because the output would end up in the line that the user types.
[[nodiscard]] Object events_for_completion(Session& session, const GivenSettings& given);

}  // namespace servicekit::cli

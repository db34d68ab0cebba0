#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/client.hpp"

namespace servicekit::cli {

/// What the event `eval` is to be asked.
struct EvaluationRequest {
    std::vector<std::string> forms = {};
    std::string package = {};                                  ///< empty: the service's own choice
    std::optional<std::chrono::milliseconds> time_limit = {};  ///< nothing: the service's own
};

/// \throws EventError for an error reply
Result<Object> evaluate(Client& client, const EvaluationRequest& request);

/// What was printed, and each value on a line of its own.
[[nodiscard]] std::string evaluation_text(const Object& reply);

}  // namespace servicekit::cli

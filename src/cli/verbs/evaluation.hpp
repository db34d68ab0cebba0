#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/client.hpp"

namespace servicekit::cli {

/// What the event `eval` is to be asked.
struct EvaluationRequest {
    std::vector<std::string> forms = {};
    std::string package = {};                                  ///< empty: the service's own choice
    std::optional<std::chrono::milliseconds> time_limit = {};  ///< nothing: the service's own
};

/// The arguments of the event `eval`.
[[nodiscard]] Object evaluation_arguments(const EvaluationRequest& request);

/// \param is_given_up as in CallOptions
Result<Object, CallError> evaluate(Client& client, const EvaluationRequest& request,
                                   std::function<bool()> is_given_up = {});

/// What was printed, and each value on a line of its own.
[[nodiscard]] std::string evaluation_text(const Object& reply);

/// What is said of a service without the event `eval`.
[[nodiscard]] std::string_view no_lisp_text();

/// Whether the service has no event `eval`.
[[nodiscard]] bool is_without_lisp(const CallError& error);

/// Whether it is about what was to be evaluated, and not about the request.
[[nodiscard]] bool is_of_lisp(const CallError& error);
/// "no division (DIVISION-BY-ZERO)", with the place in the file that was being loaded.
[[nodiscard]] std::string fault_text(const CallError& error);

}  // namespace servicekit::cli

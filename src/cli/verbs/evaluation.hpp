#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/client.hpp"

namespace servicekit::cli {

/// Parameters of a request for the event `eval`.
struct EvaluationRequest {
    std::vector<std::string> forms = {};
    std::string package = {};                                  ///< empty: the service's default
    std::optional<std::chrono::milliseconds> time_limit = {};  ///< empty: the service's default
};

/// Returns the arguments of the event `eval`.
[[nodiscard]] Object evaluation_arguments(const EvaluationRequest& request);

/// \param is_given_up see CallOptions
Result<Object, CallError> evaluate(Client& client, const EvaluationRequest& request,
                                   std::function<bool()> is_given_up = {});

/// Returns the output, and each value on its own line.
[[nodiscard]] std::string evaluation_text(const Object& reply);

/// Returns the message about a service without the event `eval`.
[[nodiscard]] std::string_view no_lisp_text();

/// Returns true if the service does not have the event `eval`.
[[nodiscard]] bool is_without_lisp(const CallError& error);

/// Returns true if the error is about the forms, and not about the request.
[[nodiscard]] bool is_of_lisp(const CallError& error);
/// Returns for example "no division (DIVISION-BY-ZERO)", with the place in the file that was being loaded.
[[nodiscard]] std::string fault_text(const CallError& error);

}  // namespace servicekit::cli

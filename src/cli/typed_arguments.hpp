#pragma once

#include <string>
#include <vector>

#include "cli/given_arguments.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::cli {

/// Returns the parameters of one event from the reply to `events`; null if the service does not have the event, or the
/// reply is not readable.
[[nodiscard]] const Value::List* declared_parameters(const Object& events_reply, std::string_view event);

/// Returns the arguments of an event from the command line. A value that is declared as integer, number, boolean, list
/// or object is parsed as JSON. A relative path is resolved in the current directory, in `json` too. All other values
/// are text, which the service checks.
/// \param parameters the event's declaration; null: every value is text
/// \returns ExitCode::usage for a value that is invalid or given twice; an error if a path is relative and the current
/// directory was removed
[[nodiscard]] Result<Object> typed_arguments(const GivenArguments& given, const Value::List* parameters,
                                             const os::Host& host);

/// Returns the names of required secret parameters that are not among the arguments.
[[nodiscard]] std::vector<std::string> missing_secrets(const Value::List& parameters, const Object& arguments);

}  // namespace servicekit::cli

#pragma once

#include <string>
#include <vector>

#include "cli/given_arguments.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::cli {

/// The parameters of one event out of the reply to `events`; null where the service has no such event, or tells
/// nothing that can be read.
[[nodiscard]] const Value::List* declared_parameters(const Object& events_reply, std::string_view event);

/// The arguments of an event from the command line.
/// A value that is declared as integer, number, boolean, list or object is read as JSON. A relative path is resolved in
/// the current directory, in `json` too. All others are taken as text, for the service to judge.
/// \param parameters what the event declares; null: every value is text
/// \returns ExitCode::usage for what can't be read, or is given twice; an error if a path is relative and the current
///          directory was removed
[[nodiscard]] Result<Object> typed_arguments(const GivenArguments& given, const Value::List* parameters,
                                             const os::Host& host);

/// The names of the parameters that are required and secret, and are not among the arguments.
[[nodiscard]] std::vector<std::string> missing_secrets(const Value::List& parameters, const Object& arguments);

}  // namespace servicekit::cli

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/given_arguments.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::cli {

/// The parameters of one event out of the reply to `events`; null where the service has no such event, or tells
/// nothing that can be read.
[[nodiscard]] const Value::List* declared_parameters(const Object& events_reply, std::string_view event);

using CurrentDirectory = std::function<Result<std::string>()>;

/// The arguments of an event from the command line.
/// A value that is declared as integer, number, boolean, list or object is read as JSON. A relative path is resolved in
/// `directory`, in `json` too. All others are taken as text, for the service to judge.
/// \param parameters what the event declares; null: every value is text
/// \param directory  the caller's current directory; asked for a relative path only, as it may have been removed
/// \returns ExitCode::usage for what can't be read, or is given twice; the error of `directory`
[[nodiscard]] Result<Object> typed_arguments(const GivenArguments& given, const Value::List* parameters,
                                             const CurrentDirectory& directory);

/// The names of the parameters that are required and secret, and are not among the arguments.
[[nodiscard]] std::vector<std::string> missing_secrets(const Value::List& parameters, const Object& arguments);

}  // namespace servicekit::cli

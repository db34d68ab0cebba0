#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

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
/// \param given      name=value, each
/// \param json       an object with more of them, if any
/// \param parameters what the event declares; null: every value is text
/// \param directory  the caller's current directory; asked for a relative path only, as it may have been removed
/// \returns ExitCode::usage for what can't be read, or is given twice; the error of `directory`
[[nodiscard]] Result<Object> typed_arguments(const std::vector<std::string>& given,
                                             const std::optional<std::string>& json, const Value::List* parameters,
                                             const CurrentDirectory& directory);

}  // namespace servicekit::cli

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl::web {

/// The fields of a form or a query, in their order.
using Form = std::vector<std::pair<std::string, std::string>>;

/// Decodes `a=b&c=d` with %XX and `+`. \returns nothing if an escape is not valid, a text is not UTF-8 or contains a
/// null character, or there are more than 256 fields
[[nodiscard]] std::optional<Form> parse_form(std::string_view text);
/// Returns the value of the first field of this name; empty if there is none.
[[nodiscard]] std::string_view field(const Form& form, std::string_view name) noexcept;
/// Decodes %XX. \returns nothing if an escape is not valid
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

/// The prefix of the fields that are parameters of an event.
constexpr std::string_view parameter_prefix = "p.";

/// Returns the arguments of an event from its form. An empty field is left out, except for a text that is required or
/// has a default. A boolean may be given twice, and the last value counts. A path must be absolute: the browser knows no
/// working directory.
/// \param parameters the event's declaration, as `events` reports it
/// \returns ExitCode::usage for a value that does not have the declared type, or a field that is not declared
[[nodiscard]] Result<Object> form_arguments(const Form& form, const Value::List& parameters, const os::Host& host);

}  // namespace servicekit::servicectl::web

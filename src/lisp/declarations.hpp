#pragma once

#include "servicekit/base/value.hpp"
#include "servicekit/core/event.hpp"

namespace servicekit::lisp {

/// The declaration of an event that Lisp defines, without its handler.
/// \param parts name, description, and the parameters: property lists with name, type, description, required, default,
///              secret; `null` in place of them all: none; then the role that it needs, or none: as before
/// \param before the event as it was, which keeps what Lisp does not say; one of no name where there was none
/// \throws std::invalid_argument for a type, or a role, that there is not
[[nodiscard]] EventDeclaration declaration_from(const Value::List& parts, EventDeclaration before = {});

/// Lisp has one nil for what are four things here: a null becomes what the event's parameter wants.
[[nodiscard]] Object adapt(const EventDeclaration& event, const Object& arguments);

}  // namespace servicekit::lisp

#pragma once

#include "servicekit/base/value.hpp"
#include "servicekit/core/event.hpp"

namespace servicekit::lisp {

/// Makes the declaration of an event that Lisp defines, without its handler.
/// \param parts name; description; parameters, as property lists with name, type, description, required, default and
/// secret, or `null` for none; optionally the role that the event needs
/// \param before the event's former declaration, which provides what `parts` omits; without a name if there was none
/// \throws std::invalid_argument for an unknown type or role
[[nodiscard]] EventDeclaration declaration_from(const Value::List& parts, EventDeclaration before = {});

/// Replaces each null with the empty value of the parameter's type: Lisp has one nil for four different values.
[[nodiscard]] Object adapt(const EventDeclaration& event, const Object& arguments);

}  // namespace servicekit::lisp

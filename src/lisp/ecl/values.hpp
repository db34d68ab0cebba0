#pragma once

#include <string>
#include <vector>

#include "lisp/ecl/ecl.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/lisp/machine.hpp"

namespace servicekit::lisp {

/// Converts a result of SERVICE-EVAL::ENCODE, which has no other types. Creates no Lisp objects,
/// so Lisp cannot jump out of it.
[[nodiscard]] Value from_lisp(cl_object object);
[[nodiscard]] Value::List list_from_lisp(cl_object list);
[[nodiscard]] std::vector<std::string> texts_from_lisp(cl_object list);

// These functions create Lisp objects, so Lisp may jump out of them: see from_utf8().

/// Converts objects to property lists with keywords.
[[nodiscard]] cl_object to_lisp(const Value& value);
/// Makes (id kind texts package arguments).
[[nodiscard]] cl_object to_lisp(const Job& job);
/// Makes (ok value text type).
[[nodiscard]] cl_object to_lisp(const Answer& answer);

}  // namespace servicekit::lisp

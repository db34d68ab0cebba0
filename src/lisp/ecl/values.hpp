#pragma once

#include <string>
#include <vector>

#include "lisp/ecl/ecl.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/lisp/machine.hpp"

namespace servicekit::lisp {

/// What SERVICE-EVAL::ENCODE made, which is all that there can be. Makes nothing in Lisp, and so can't be jumped out of.
[[nodiscard]] Value from_lisp(cl_object object);
[[nodiscard]] Value::List list_from_lisp(cl_object list);
[[nodiscard]] std::vector<std::string> texts_from_lisp(cl_object list);

// Each makes new objects in Lisp, which may jump out of it: see from_utf8().

/// Objects become property lists with keywords.
[[nodiscard]] cl_object to_lisp(const Value& value);
/// (id kind texts package arguments)
[[nodiscard]] cl_object to_lisp(const Job& job);
/// (ok value text type)
[[nodiscard]] cl_object to_lisp(const Answer& answer);

}  // namespace servicekit::lisp

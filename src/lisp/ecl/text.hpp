#pragma once

#include <string>
#include <string_view>

#include "lisp/ecl/ecl.hpp"

namespace servicekit::lisp {

/// Converts a Lisp string to UTF-8; empty if it is not a string. Characters outside Unicode become U+FFFD.
[[nodiscard]] std::string to_utf8(cl_object string);

/// Creates a Lisp string. Lisp may jump out of it: up to the frame that catches the jump, no
/// frame may have destructors to run.
/// \param text UTF-8; invalid bytes become U+FFFD.
[[nodiscard]] cl_object from_utf8(std::string_view text);

/// Returns the symbol with that name, which Lisp keeps alive.
[[nodiscard]] cl_object symbol(const char* name, const char* package);

}  // namespace servicekit::lisp

#pragma once

#include <string>
#include <string_view>

#include "lisp/ecl/ecl.hpp"

namespace servicekit::lisp {

/// A string of Lisp as UTF-8; empty for what is none. What is no character of Unicode becomes U+FFFD.
[[nodiscard]] std::string to_utf8(cl_object string);

/// A new string of Lisp. Lisp may jump out of it: no frame above may have destructors to run, up to where that is caught.
/// \param text UTF-8; what is none becomes U+FFFD.
[[nodiscard]] cl_object from_utf8(std::string_view text);

/// The symbol of that name, which Lisp keeps.
[[nodiscard]] cl_object symbol(const char* name, const char* package);

}  // namespace servicekit::lisp

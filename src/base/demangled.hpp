#pragma once

#include <string>

namespace servicekit {

/// Returns the C++ name as the source has it: "std::runtime_error" for "St13runtime_error". Returns `name` itself if it
/// is not mangled.
[[nodiscard]] std::string demangled(const char* name);

}  // namespace servicekit

#pragma once

#include <string>

namespace servicekit {

/// "std::runtime_error" of "St13runtime_error": a C++ name as the source has it, or the name itself if it is not mangled.
[[nodiscard]] std::string demangled(const char* name);

}  // namespace servicekit

#pragma once

#include <string_view>

namespace servicekit {

/// The version of the library. CMake reads it from this file.
inline constexpr std::string_view library_version = "0.1.0";

}  // namespace servicekit

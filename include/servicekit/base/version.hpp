#pragma once

#include <string_view>

namespace servicekit {

/// Of the library. CMake reads it here.
inline constexpr std::string_view library_version = "0.1.0";

}  // namespace servicekit

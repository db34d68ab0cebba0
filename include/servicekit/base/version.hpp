#pragma once

#include <string_view>

namespace servicekit {

/// Of the library. CMakeLists.txt says the same of the project.
inline constexpr std::string_view library_version = "0.1.0";

}  // namespace servicekit

#pragma once

#include <string_view>

namespace servicekit::lisp::sources {

// The files sources/*.lisp, as CMake takes them into the program.
extern const std::string_view service;
extern const std::string_view evaluation;
extern const std::string_view swank;

}  // namespace servicekit::lisp::sources

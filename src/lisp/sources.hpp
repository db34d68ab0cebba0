#pragma once

#include <string_view>

namespace servicekit::lisp::sources {

// The contents of sources/*.lisp, which CMake builds into the program.
extern const std::string_view service;
extern const std::string_view evaluation;
extern const std::string_view swank;

}  // namespace servicekit::lisp::sources

#pragma once

#include <chrono>

namespace servicekit::test {

/// Waits until there is something to read. \returns false if nothing arrives in that time
[[nodiscard]] bool is_readable(int descriptor, std::chrono::milliseconds at_most);

}  // namespace servicekit::test

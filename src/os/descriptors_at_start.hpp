#pragma once

#include <span>

namespace servicekit::os::descriptors_at_start {

/// Notes every descriptor of the process and what it refers to, and forgets what was noted before. The library calls it
/// once, before any constructor of the program runs. Opens /dev/null on each of 0 to 2 that is closed, so that no file
/// of the program gets the number of a standard stream.
void note() noexcept;

/// \returns false if there was no memory to note them.
[[nodiscard]] bool are_known() noexcept;

/// Returns true if the process was started with the descriptor and the program has not replaced its file since. The
/// kernel does not identify an open file. So a regular file, a device or a named pipe that is open again under the same
/// number and in the same mode counts as the same, unless it is marked close-on-exec now.
[[nodiscard]] bool still_has(int descriptor) noexcept;

/// Closes each descriptor that still_has() finds, except 0 to 2 and those in `keep`.
void close_all_but(std::span<const int> keep) noexcept;

}  // namespace servicekit::os::descriptors_at_start

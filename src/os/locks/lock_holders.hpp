#pragma once

#include <optional>

#include "servicekit/os/file_locks.hpp"

namespace servicekit::os {

/// Finds the holder of a lock of either kind on the file, without taking one: with F_GETLK, then in /proc/locks.
/// Prefers an instance of a service to another process, and a holder with a known pid to one without. If no holder's
/// pid is known, it takes a second to be sure. A first look ends if F_GETLK finds no lock.
/// \param descriptor of a regular file; if it was opened with O_PATH, only /proc/locks is used.
/// \returns nothing if no process holds one, or if this process alone holds an fcntl lock.
[[nodiscard]] std::optional<LockOwner> lock_holder(int descriptor, Look look);

/// Like lock_holder(), for locks of flock(2) alone.
[[nodiscard]] std::optional<LockOwner> flock_holder(int descriptor);

}  // namespace servicekit::os

#pragma once

#include <optional>

#include "servicekit/os/file_locks.hpp"

namespace servicekit::os {

/// Who holds a lock of either kind on the file, told without taking one: by F_GETLK, then by /proc/locks.
/// An instance of a service goes before a bystander, and one whose pid can be told before one whose can't.
/// Where nobody's can, it takes a second to be sure.
/// \param descriptor of a regular file; one that was opened with O_PATH leaves only /proc/locks.
/// \returns nothing where no process holds one, or none but this one an fcntl lock.
[[nodiscard]] std::optional<LockOwner> lock_holder(int descriptor);

/// As lock_holder(), for locks of flock(2) alone.
[[nodiscard]] std::optional<LockOwner> flock_holder(int descriptor);

}  // namespace servicekit::os

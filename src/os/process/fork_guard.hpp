#pragma once

namespace servicekit::os {

/// Closes the descriptor in every later child of fork(2), whether the library, the program or another library forks. A
/// child that kept the descriptor of a lock or a listener would keep the lock or the address after this process has
/// ended. Does not affect children of vfork(2) and posix_spawn(3), for which close-on-exec suffices.
/// From any thread.
void close_in_children(int descriptor);

/// Undoes close_in_children(). Call it before closing the descriptor, as another file may then get its number. Ignores
/// a descriptor that is not guarded. From any thread.
void forget(int descriptor) noexcept;

}  // namespace servicekit::os

#pragma once

namespace servicekit::os {

/// Has the descriptor closed in every child of fork(2) from now on, be the fork ours, the program's or a library's:
/// a child that kept the descriptor of a lock or of a listener would keep the lock or the address alive when this
/// process has ended. Children of vfork(2) and posix_spawn(3) are not reached; for them close-on-exec suffices.
/// From any thread.
void close_in_children(int descriptor);

/// Takes close_in_children() back, before the descriptor is closed and its number is free for another.
/// Ignores one that is not guarded. From any thread.
void forget(int descriptor) noexcept;

}  // namespace servicekit::os

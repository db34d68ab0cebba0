#pragma once

namespace servicekit::os {

/// Gives the calling thread a stack for its signal handlers, sigaltstack(2), with a page below that can't be touched,
/// until the thread ends. Does nothing where it has one that is large enough, or where there is no memory.
void give_alternate_stack() noexcept;

}  // namespace servicekit::os

#pragma once

namespace servicekit::os {

/// Gives the calling thread an alternate signal stack, sigaltstack(2), with a guard page, until the thread ends. Does
/// nothing if the thread already has one that is large enough, or if there is no memory.
void give_alternate_stack() noexcept;

}  // namespace servicekit::os

#pragma once

namespace servicekit::os {

/// Looks at a fault before it counts as a crash: the runtime of another language may raise some on purpose.
/// Called by the signal's handler, in the thread that the fault came to: only what signal-safety(7) allows. It may leave
/// the handler for good, as by siglongjmp(3).
/// \param info, context as sigaction(2) has them
/// \returns whether the fault was its own, and is dealt with: the thread goes on
using FaultOwner = bool (*)(int number, void* info, void* context) noexcept;

/// Has it asked by whoever reports crashes, now or later; so it does not matter who of the two took the signal first.
/// Process-wide, and for good. Any number of times. \returns false where there are too many: eight at most
bool add_fault_owner(FaultOwner owner) noexcept;

}  // namespace servicekit::os

#pragma once

namespace servicekit::os {

/// Examines a fault before it counts as a crash: the runtime of another language may raise some on purpose. The signal
/// handler calls it in the thread with the fault, so it may only do what signal-safety(7) allows. It may jump out of
/// the handler, for example with siglongjmp(3).
/// \param info, context as in sigaction(2)
/// \returns true if it has handled the fault, so that the thread goes on
using FaultOwner = bool (*)(int number, void* info, void* context) noexcept;

/// Adds an owner, whether crash reports are already installed or will be. So it does not matter which of the
/// two took the signal first. Process-wide; cannot be undone. Ignores a repeated call. \returns false if
/// there are already eight owners
bool add_fault_owner(FaultOwner owner) noexcept;

}  // namespace servicekit::os

#pragma once

#include "servicekit/base/result.hpp"

namespace servicekit::lisp {

/// Shares SIGSEGV and SIGBUS: ECL needs them for its own threads. In any other thread they must end the
/// process as usual. Process-wide.
class FaultSignals {
public:
    /// Call it before ECL takes the signals.
    void note_before();
    /// Call it after ECL has taken them: ECL's handlers then run only for its own threads.
    void guard();
    /// Restores the former actions. If another handler was installed over ours, it stays, and
    /// still passes signals on to ours.
    void give_back();
    /// Makes ECL handle a fault in one of its own threads, see Machine::answers_faults().
    static bool answer(int number, void* info, void* context) noexcept;
};

}  // namespace servicekit::lisp

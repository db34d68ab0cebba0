#pragma once

#include "servicekit/base/result.hpp"

namespace servicekit::lisp {

/// SIGSEGV and SIGBUS, which ECL needs for its own threads, and which must end the process as ever when they come to any
/// other. Process-wide.
class FaultSignals {
public:
    /// Before ECL takes them.
    void note_before();
    /// After that: what ECL installed is called for its own threads only.
    void guard();
    /// What was in force before, unless somebody has taken them after us, who then passes on what comes to us.
    void give_back();
    /// Has ECL answer a fault in one of its own threads, as Machine::answers_faults() says.
    static bool answer(int number, void* info, void* context) noexcept;
};

}  // namespace servicekit::lisp

#pragma once

#include "servicekit/lisp/machine.hpp"

namespace servicekit::lisp {

/// Gives Lisp the functions %ASK, %AWAIT, %LEAVE, %NEXT-JOB, %FINISH, %LOG, %CLOSE-ON-EXEC, %RECEIVE-SECRET,
/// %HOME-OF-USER, %STACK-LIMITS and %RESTORE-STACK-LIMITS of the package SERVICE-EVAL, which take everything to `work`.
/// In a thread of Lisp.
void define_functions(Work& work);

}  // namespace servicekit::lisp

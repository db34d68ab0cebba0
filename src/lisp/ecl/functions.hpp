#pragma once

#include "servicekit/lisp/machine.hpp"

namespace servicekit::lisp {

/// Defines the functions %ASK, %AWAIT, %LEAVE, %NEXT-JOB, %FINISH, %LOG, %CLOSE-ON-EXEC, %RECEIVE-SECRET,
/// %HOME-OF-USER, %READ-SECRET, %STACK-LIMITS and %RESTORE-STACK-LIMITS of the package SERVICE-EVAL. Those that need
/// the service use `work`. Call it in a Lisp thread.
void define_functions(Work& work);

}  // namespace servicekit::lisp

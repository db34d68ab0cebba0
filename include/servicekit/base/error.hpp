#pragma once

#include <string>

#include "servicekit/base/exit_code.hpp"

namespace servicekit {

/// An error: the action, its object, and the reason why it failed. The code that prints it adds the name of the
/// program.
struct Error {
    ExitCode exit_code = ExitCode::internal;  ///< the exit code of a process that ends because of it
    std::string action = {};                  ///< the action that failed, as a verb phrase: "lock"
    std::string object = {};                  ///< the object of the action: a path, a name; may be empty
    std::string reason = {};                  ///< the reason: "already running (pid 4711)"
    int errno_value = 0;                      ///< the errno of the cause; 0 if there is none

    /// \returns "cannot lock '/run/x.pid': already running (pid 4711)", without a full stop
    [[nodiscard]] std::string message() const;

    /// \returns the same error with the exit code of the stage in which it occurred. Errors about permission, another
    ///          instance or the configuration keep their exit code.
    [[nodiscard]] Error at_stage(ExitCode code) const;
};

/// Makes an error with the text of `errno_value` as its reason. EPERM, EACCES and EROFS give ExitCode::permission, all
/// others ExitCode::os.
[[nodiscard]] Error os_error(std::string action, std::string object, int errno_value);

/// The text of an errno, like strerror(3) but thread-safe.
[[nodiscard]] std::string errno_text(int errno_value);

}  // namespace servicekit

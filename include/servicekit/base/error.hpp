#pragma once

#include <string>

#include "servicekit/base/exit_code.hpp"

namespace servicekit {

/// What went wrong: what was tried, on which object, and why it failed.
/// `who` is added by whoever prints it: the program's name.
struct Error {
    ExitCode exit_code = ExitCode::internal;  ///< what the process should end with because of it
    std::string action = {};                  ///< what could not be done, as a verb phrase: "lock"
    std::string object = {};                  ///< on what: a path, a name; may be empty
    std::string reason = {};                  ///< why: "already running (pid 4711)"
    int errno_value = 0;                      ///< the errno behind it, 0 where there is none

    /// \returns "cannot lock '/run/x.pid': already running (pid 4711)", with no full stop.
    [[nodiscard]] std::string message() const;

    /// \returns the same error with the exit code of the stage that it came up in, unless it is about permission, about
    ///          another instance or about the configuration, which stay what they are whatever the stage.
    [[nodiscard]] Error at_stage(ExitCode code) const;
};

/// An error with the text of `errno_value` as its reason.
/// EPERM, EACCES and EROFS give ExitCode::permission, all others ExitCode::os.
[[nodiscard]] Error os_error(std::string action, std::string object, int errno_value);

/// The text of an errno, as strerror(3) but safe in any thread.
[[nodiscard]] std::string errno_text(int errno_value);

}  // namespace servicekit

#pragma once

namespace servicekit {

/// The exit codes of a service program, after sysexits(3). docs/reference/exit-codes.md has those of each verb, too.
enum class ExitCode : int {
    ok = 0,
    usage = 64,            ///< the command line is wrong
    already_running = 69,  ///< another instance holds the lock
    internal = 70,         ///< a handler failed, or the service ended without reporting why
    os = 71,               ///< the operating system refused something basic (fork, pipe)
    cannot_create = 73,    ///< a file, directory or socket could not be created
    timeout = 75,          ///< starting or stopping took too long, or was interrupted
    permission = 77,       ///< the user does not have permission
    configuration = 78,    ///< the configuration is wrong
};

/// The code as a number, for exit(3).
[[nodiscard]] constexpr int to_int(ExitCode code) noexcept { return static_cast<int>(code); }

}  // namespace servicekit

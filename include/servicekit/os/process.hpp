#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// What a fake throws from Process::exit_now(), since it can't end the process of the test.
/// Whoever catches everything lets it pass: nothing happens in a process after its end.
/// On purpose no std::exception.
struct ProcessExited {
    int status = 0;
};

/// The calling process, as a service changes it, and no wider.
class Process {
public:
    virtual ~Process() = default;
    [[nodiscard]] virtual pid_t id() const = 0;
    [[nodiscard]] virtual uid_t effective_user() const = 0;
    /// Another number in each child of fork(2) than in its parent, whoever called it. Costs no system call.
    [[nodiscard]] virtual unsigned generation() const noexcept = 0;
    /// The threads of this process, as /proc/self/task counts them.
    [[nodiscard]] virtual unsigned thread_count() const = 0;
    /// Gives the calling thread a stack of at least `bytes`, and threads that start from now on one of at least twice that,
    /// whatever RLIMIT_STACK the caller of the program has set. Children inherit the limit that was raised for it.
    /// \pre one thread \returns an error if the hard limit is lower
    virtual Result<void> ensure_stack(std::size_t bytes) = 0;
    /// Flushes the stdio streams first, so that nothing is printed twice.
    /// \pre the caller is the only thread of its process.
    /// \returns 0 in the child.
    virtual Result<pid_t> fork() = 0;
    /// From now on descendants of this process become its children when their parents end, as those of init otherwise:
    /// wait_for_child() then tells how they ended. For the rest of its life; children of fork() do not inherit it.
    virtual void adopt_orphans() noexcept = 0;
    /// Reaps a child of this process. \returns its status as waitpid(2) gives it.
    virtual Result<int> wait_for_child(pid_t child) = 0;
    virtual Result<void> start_session() = 0;
    virtual Result<void> change_directory(const std::string& path) = 0;
    [[nodiscard]] virtual Result<std::string> current_directory() const = 0;
    /// The absolute path of the program that runs.
    [[nodiscard]] virtual Result<std::string> program() const = 0;
    /// Process-wide, so only while there is one thread. \returns the mask that was in force.
    virtual mode_t set_file_mask(mode_t mask) = 0;
    /// The arguments that the process was started with, the program's name first, as ps(1) shows them.
    [[nodiscard]] virtual Result<std::vector<std::string>> command_line() const = 0;
    /// Runs program() anew in this process, with these arguments, the program's name first: execv(2), after a flush of
    /// stdio. \returns only if it fails
    virtual Error execute(const std::vector<std::string>& arguments) = 0;
    /// How many descriptors the process may have: each is a number below this. The limit RLIMIT_NOFILE that is in force.
    [[nodiscard]] virtual std::size_t descriptor_limit() const = 0;
    /// Has the kernel end the process by SIGKILL then, whichever of its threads hangs, and in whatever. Instead of what was
    /// asked for before. No child has it, and no program that takes this one's place.
    virtual Result<void> kill_after(std::chrono::milliseconds time) = 0;
    /// Takes it back.
    virtual void spare() noexcept = 0;
    /// _exit(2): no destructors, no atexit handlers, no flushing.
    [[noreturn]] virtual void exit_now(int status) = 0;
};

[[nodiscard]] Process& posix_process();

}  // namespace servicekit::os

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// A fake throws this from Process::exit_now(), because it cannot end the process of the test. A handler that catches
/// everything must let it pass, because nothing happens in a process after its end. It is deliberately not a
/// std::exception.
struct ProcessExited {
    int status = 0;  ///< the status that was passed to Process::exit_now()
};

/// The calling process, limited to what a service changes.
class Process {
public:
    virtual ~Process() = default;
    /// The pid.
    [[nodiscard]] virtual pid_t id() const = 0;
    /// The effective uid.
    [[nodiscard]] virtual uid_t effective_user() const = 0;
    /// A number that differs between a child of fork(2) and its parent, by whatever means fork(2) was called. Costs no
    /// system call.
    [[nodiscard]] virtual unsigned generation() const noexcept = 0;
    /// The number of threads of this process, from /proc/self/task.
    [[nodiscard]] virtual unsigned thread_count() const = 0;
    /// Gives the calling thread a stack of at least `bytes`, and later threads at least twice that, whatever
    /// RLIMIT_STACK was at the start. Child processes inherit the raised limit.
    /// \pre the process has one thread
    /// \returns an error if the hard limit is lower
    virtual Result<void> ensure_stack(std::size_t bytes) = 0;
    /// Forks. Flushes the stdio streams first, so that nothing is printed twice.
    /// \pre the process has one thread
    /// \returns 0 in the child
    virtual Result<pid_t> fork() = 0;
    /// Makes this process the new parent of descendants whose parents end, instead of init, so that wait_for_child()
    /// can report how they ended. It lasts for the life of the process; children of fork() do not inherit it.
    virtual void adopt_orphans() noexcept = 0;
    /// Reaps a child of this process. \returns its status as of waitpid(2)
    virtual Result<int> wait_for_child(pid_t child) = 0;
    /// Calls setsid(2).
    virtual Result<void> start_session() = 0;
    /// Calls chdir(2).
    virtual Result<void> change_directory(const std::string& path) = 0;
    /// Calls getcwd(3).
    [[nodiscard]] virtual Result<std::string> current_directory() const = 0;
    /// The absolute path of the running program.
    [[nodiscard]] virtual Result<std::string> program() const = 0;
    /// Sets the mask for the whole process; call it only while there is one thread. \returns the old mask
    virtual mode_t set_file_mask(mode_t mask) = 0;
    /// The arguments of the process, the program's name first, as ps(1) shows them.
    [[nodiscard]] virtual Result<std::vector<std::string>> command_line() const = 0;
    /// Runs program() again in this process with execv(2), after a flush of stdio. \param arguments the program's name
    /// first
    /// \returns only if it fails
    virtual Error execute(const std::vector<std::string>& arguments) = 0;
    /// Runs another program in this process with execvp(3), after a flush of stdio.
    /// \param command the program, searched in PATH if it has no slash, and its arguments
    /// \returns only if it fails
    virtual Error execute_other(const std::vector<std::string>& command) = 0;
    /// The number of descriptors that the process may have (RLIMIT_NOFILE); each is a number below it.
    [[nodiscard]] virtual std::size_t descriptor_limit() const = 0;
    /// Makes the kernel end the process by SIGKILL after this time, even if its threads hang. Replaces an earlier
    /// request. Children, and programs that replace this one, do not inherit it.
    virtual Result<void> kill_after(std::chrono::milliseconds time) = 0;
    /// Cancels the request of kill_after().
    virtual void spare() noexcept = 0;
    /// Calls _exit(2): no destructors, no atexit handlers, no flushing.
    [[noreturn]] virtual void exit_now(int status) = 0;
};

/// Returns the real implementation.
[[nodiscard]] Process& posix_process();

}  // namespace servicekit::os

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/os/transfer.hpp"

namespace servicekit::os {

/// How a program ended.
struct ProgramEnd {
    /// The kinds of ends.
    enum class How {
        exited,   ///< with the status `number`
        killed,   ///< by the signal `number`
        unknown,  ///< another part of the process has waited for it
    };
    How how = How::unknown;  ///< the kind of end
    int number = 0;          ///< an exit status or a signal; see How
    friend bool operator==(const ProgramEnd&, const ProgramEnd&) = default;
};

/// A process that runs a program for this one. It continues to run when this object is destroyed.
class Program {
public:
    virtual ~Program() = default;
    /// The pid.
    [[nodiscard]] virtual pid_t id() const = 0;
    /// A pidfd for EventLoop::watch(); it becomes readable when the program has ended.
    [[nodiscard]] virtual int descriptor() const = 0;
    /// \returns nothing while the program runs. The first call after its end reaps it.
    virtual std::optional<ProgramEnd> end() = 0;
    /// Waits for the end. \returns as end() does, within the time
    virtual std::optional<ProgramEnd> wait_for_end(std::chrono::milliseconds at_most) = 0;
    /// Sends a signal through the pidfd, so that no other process can get it. \returns false if the program has ended
    virtual Result<bool> signal(int signal_number) = 0;
};

/// A pipe from which successive programs read their standard input. Both ends stay open in this process, so what is
/// left in the pipe when a program ends is read by the next one. Both ends are close-on-exec and are closed in children
/// of fork(2).
class ProgramInput {
public:
    virtual ~ProgramInput() = default;
    /// Writes as much as there is room for, without waiting. Async-signal-safe. Only one thread at a time may call it;
    /// otherwise lines mix.
    virtual Transfer write(std::string_view bytes) noexcept = 0;
    /// Waits until there is room. \returns false if the time expired first
    virtual bool wait_until_writable(std::chrono::milliseconds at_most) noexcept = 0;
    /// The number of bytes in the pipe.
    [[nodiscard]] virtual std::size_t unread() const = 0;
    /// Gives the pipe to the user that the process is about to become, because programs of that user may open
    /// /dev/stdin again.
    virtual Result<void> change_owner(uid_t uid, gid_t gid) = 0;
    /// Closes the writing end: the program finds the end of the input after what is in the pipe. A watch of writer() is
    /// not called any more.
    virtual void close_writer() = 0;
    /// The writing end, for EventLoop::watch(); negative once it is closed.
    [[nodiscard]] virtual int writer() const = 0;
    /// The reading end, for Programs::start().
    [[nodiscard]] virtual int reader() const = 0;
};

/// Where a program prints.
enum class ProgramOutput {
    inherit,  ///< stdout and stderr are those of this process
    null,     ///< /dev/null
};

/// What to start.
struct ProgramStart {
    std::vector<std::string> command = {};  ///< the program, searched in PATH if it has no slash, and its arguments
    const ProgramInput* input = nullptr;    ///< what the program reads on stdin; it must be set
    ProgramOutput output = ProgramOutput::inherit;  ///< where the program prints
};

/// Programs that work for this process.
class Programs {
public:
    virtual ~Programs() = default;
    /// Opens a pipe. \param capacity in bytes; less if the system does not grant as much
    virtual Result<std::unique_ptr<ProgramInput>> open_input(std::size_t capacity) = 0;
    /// Starts a program in its own session, so that it gets no signals of this process's terminal or process group. No
    /// signal is blocked or ignored in it, and its only descriptors are the standard streams. May be called from any
    /// thread. To the kernel, the calling thread is its parent, wait(2).
    /// \returns an error also if the program cannot be executed
    virtual Result<std::unique_ptr<Program>> start(const ProgramStart& start) = 0;
};

/// Returns the real implementation.
[[nodiscard]] Programs& posix_programs();

}  // namespace servicekit::os

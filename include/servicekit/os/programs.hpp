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
    enum class How {
        exited,   ///< with the status `number`
        killed,   ///< by the signal `number`
        unknown,  ///< somebody else waited for it
    };
    How how = How::unknown;
    int number = 0;
    friend bool operator==(const ProgramEnd&, const ProgramEnd&) = default;
};

/// A process that runs a program for this one. It lives on where this object does not.
class Program {
public:
    virtual ~Program() = default;
    [[nodiscard]] virtual pid_t id() const = 0;
    /// Can be read once it has ended: a pidfd, for EventLoop::watch().
    [[nodiscard]] virtual int descriptor() const = 0;
    /// \returns nothing while it runs. The first call after its end reaps it.
    virtual std::optional<ProgramEnd> end() = 0;
    /// \returns as end(), within the time
    virtual std::optional<ProgramEnd> wait_for_end(std::chrono::milliseconds at_most) = 0;
    /// Through the pidfd, so that nobody else is hit. \returns false where it has ended
    virtual Result<bool> signal(int signal_number) = 0;
};

/// A pipe from which one program after the other reads its standard input: both ends stay open here, so that what
/// stands in it when a program ends is read by the next one. Both are close-on-exec and closed in children of fork(2).
class ProgramInput {
public:
    virtual ~ProgramInput() = default;
    /// Takes what there is room for, at once. Async-signal-safe; by one thread at a time, else lines mix.
    virtual Transfer write(std::string_view bytes) noexcept = 0;
    virtual bool wait_until_writable(std::chrono::milliseconds at_most) noexcept = 0;
    /// Bytes that nobody has read yet.
    [[nodiscard]] virtual std::size_t unread() const = 0;
    /// For a user that the process is about to become, as which programs may open /dev/stdin anew.
    virtual Result<void> change_owner(uid_t uid, gid_t gid) = 0;
    /// Whoever reads it finds the end after what stands in it. A watch of writer() never calls back any more.
    virtual void close_writer() = 0;
    /// For EventLoop::watch(); negative once it is closed.
    [[nodiscard]] virtual int writer() const = 0;
    /// For Programs::start().
    [[nodiscard]] virtual int reader() const = 0;
};

enum class ProgramOutput {
    inherit,  ///< stdout and stderr are those of this process
    null,     ///< /dev/null
};

struct ProgramStart {
    std::vector<std::string> command = {};  ///< the program, searched in PATH where it has no slash, and its arguments
    const ProgramInput* input = nullptr;
    ProgramOutput output = ProgramOutput::inherit;
};

/// Programs that work for this process.
class Programs {
public:
    virtual ~Programs() = default;
    /// \param capacity of the pipe, in bytes; where the system grants less, it has less
    virtual Result<std::unique_ptr<ProgramInput>> open_input(std::size_t capacity) = 0;
    /// Starts it in a session of its own, so that it gets none of the signals of our terminal or process group; with no
    /// signal blocked or ignored, and no descriptor but its standard streams.
    /// From any thread, whatever other threads there are. The kernel takes the calling thread for its parent, wait(2).
    /// \returns an error also where the program can't be executed
    virtual Result<std::unique_ptr<Program>> start(const ProgramStart& start) = 0;
};

[[nodiscard]] Programs& posix_programs();

}  // namespace servicekit::os

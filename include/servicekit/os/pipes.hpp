#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// The result of reading from a pipe.
struct PipeReading {
    /// Why a reading ended.
    enum class End {
        closed,       ///< all writers have closed the pipe
        timed_out,    ///< the time expired first
        interrupted,  ///< this process got INT, TERM or HUP while it waited
    };
    End end = End::closed;  ///< meaningless if `text` has a newline
    std::string text = {};  ///< everything that was read, up to the newline and beyond it
};

/// A pipe between a process and the child that it forks. Both ends are close-on-exec.
class Pipe {
public:
    virtual ~Pipe() = default;
    /// Closes the reading end.
    virtual void close_reader() = 0;
    /// Closes the writing end.
    virtual void close_writer() = 0;
    /// Removes the writing end from children that this process forks later. So the reader sees the pipe closed when
    /// this process ends, whatever children it leaves.
    virtual void keep_writer_from_children() = 0;
    /// Writes all of the text, and waits for room if necessary. Does not raise SIGPIPE.
    virtual Result<void> write(std::string_view text) = 0;
    /// Does the same in a process that crashes. Async-signal-safe. Drops the rest after one second.
    virtual void write_at_crash(std::string_view text) noexcept = 0;
    /// Reads until a newline or the end. A signal that would end this process ends the wait instead and is consumed.
    virtual PipeReading read_line(std::chrono::milliseconds at_most) = 0;
    /// The writing end, for a process that closes all other descriptors; negative once it is closed.
    [[nodiscard]] virtual int writer() const = 0;
};

/// Makes pipes.
class Pipes {
public:
    virtual ~Pipes() = default;
    /// Makes a pipe.
    virtual Result<std::unique_ptr<Pipe>> open() = 0;
};

/// Returns the real implementation.
[[nodiscard]] Pipes& posix_pipes();

}  // namespace servicekit::os

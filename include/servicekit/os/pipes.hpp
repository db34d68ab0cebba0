#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// What a reader of a pipe got.
struct PipeReading {
    enum class End {
        closed,       ///< every writer is gone
        timed_out,    ///< the time was up first
        interrupted,  ///< this process got INT, TERM or HUP while it waited
    };
    End end = End::closed;  ///< says nothing where `text` has a newline
    std::string text = {};  ///< all that came, with its newline and what was written after it by then
};

/// A pipe between a process and the child that it forks. Both ends are close-on-exec.
class Pipe {
public:
    virtual ~Pipe() = default;
    virtual void close_reader() = 0;
    virtual void close_writer() = 0;
    /// Children that this process forks from now on do not have the writing end: the reader finds the pipe closed when
    /// this process ends, whatever it leaves behind.
    virtual void keep_writer_from_children() = 0;
    virtual Result<void> write(std::string_view text) = 0;
    /// The same for a process that crashes. Async-signal-safe. It takes a second at most, and then drops the rest.
    virtual void write_at_crash(std::string_view text) noexcept = 0;
    /// Reads until a newline or the end; a signal that would end this process ends the waiting instead, and is
    /// used up by that.
    virtual PipeReading read_line(std::chrono::milliseconds at_most) = 0;
    /// The writing end, for a process that closes all other descriptors; negative once it is closed.
    [[nodiscard]] virtual int writer() const = 0;
};

class Pipes {
public:
    virtual ~Pipes() = default;
    virtual Result<std::unique_ptr<Pipe>> open() = 0;
};

[[nodiscard]] Pipes& posix_pipes();

}  // namespace servicekit::os

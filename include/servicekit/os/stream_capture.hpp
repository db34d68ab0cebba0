#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit::os {

class EventLoop;

/// A line that was printed to a standard stream.
struct CapturedLine {
    Stream stream = Stream::out;  ///< `out` or `error`
    std::string_view text;        ///< without the newline; any bytes; valid during the call only
    bool is_cut = false;  ///< the line was longer than StreamCapture::longest_line, and continues in the next one
    std::uint64_t lost_before = 0;  ///< number of lines of the stream that were dropped before it
};

/// Captures what this process, and children that have its streams, print to stdout and stderr, line by line.
///
/// Each stream is redirected to a pipe. A process that prints waits while the pipe is full, as with any pipe, but not
/// for ever: if no line is taken for one second, lines are dropped and counted until lines are taken again.
class StreamCapture {
public:
    /// Bytes of a line. A longer line is delivered in several parts.
    static constexpr std::size_t longest_line = 64U << 10U;
    /// The time after which text without a newline is delivered as a line.
    static constexpr std::chrono::milliseconds longest_rest{1000};

    /// Takes a line.
    using Deliver = std::function<void(const CapturedLine&)>;

    /// Drops lines that were not delivered.
    virtual ~StreamCapture() = default;
    /// Begins to capture a stream. Until start(), its output waits in the pipe.
    virtual Result<void> capture(Stream stream) = 0;
    /// Starts the delivery of lines, one at a time, in order within each stream. Two threads of the capture do this
    /// while there is output, and for a second after it.
    /// \param prepare_thread called once in each of these threads, before anything else
    /// \param loop waits for output; started after this call, and stopped before this object is destroyed
    virtual Result<void> start(Deliver deliver, const std::function<void()>& prepare_thread, EventLoop& loop) = 0;
    /// Redirects the streams to /dev/null. Returns when everything that was printed before is delivered, or when the
    /// time has expired. A child that still has the old streams does not delay this. What it prints later is lost, and
    /// it gets SIGPIPE once this object, or this process, is gone.
    /// \returns false if the time has expired, so that lines may be lost
    virtual bool stop(std::chrono::milliseconds at_most) noexcept = 0;
    /// For a process that dies of a signal: waits a moment for the threads to deliver what there is, and calls `take`
    /// for each line that they did not deliver. A line that a hanging thread is delivering is left out. Then the
    /// threads pause for one second, or until stop(). May be called several times. Async-signal-safe if `take` is.
    virtual void write_at_crash(void (*take)(void* to, const CapturedLine& line) noexcept, void* to) noexcept = 0;
};

/// Makes the real implementation.
[[nodiscard]] std::unique_ptr<StreamCapture> make_posix_stream_capture();

}  // namespace servicekit::os

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "servicekit/base/result.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit::os {

/// What was printed to a standard stream, up to a newline.
struct CapturedLine {
    Stream stream = Stream::out;
    std::string_view text;          ///< without the newline; any bytes; valid during the call only
    bool is_cut = false;            ///< it was longer than StreamCapture::longest_line, and goes on in the next one
    std::uint64_t lost_before = 0;  ///< lines of the stream, since nobody took them in time
};

/// Takes what this process, and children that have its streams, print to stdout and stderr, line by line.
///
/// Each stream leads into a pipe. Whoever prints waits while the pipe is full, as on any pipe, but not for ever: where
/// lines are not taken for a second they are dropped, and counted, until they are again.
class StreamCapture {
public:
    static constexpr std::size_t longest_line = 64U << 10U;
    /// How long a line that has no end yet may rest before it counts as one.
    static constexpr std::chrono::milliseconds longest_rest{1000};

    using Deliver = std::function<void(const CapturedLine&)>;

    /// Drops what was not delivered.
    virtual ~StreamCapture() = default;
    /// From here on it is captured; until start() it waits in the pipe.
    virtual Result<void> capture(Stream stream) = 0;
    /// Starts what takes the lines and delivers them, in their order within a stream, one at a time.
    /// \param prepare_thread called once in each thread of its own, before anything else
    virtual Result<void> start(Deliver deliver, const std::function<void()>& prepare_thread) = 0;
    /// Leads the streams to /dev/null, and returns when all that was printed before is delivered, or the time is up.
    /// A child that still has the old streams holds nothing up; what it prints from now on is lost, and raises SIGPIPE
    /// in it once this object, or this process, is gone.
    virtual void stop(std::chrono::milliseconds at_most) noexcept = 0;
    /// For a process that dies of a signal: waits a moment for its threads to deliver what there is, and has `take`
    /// called with what they did not, a line at a time; what a thread that hangs has in hand is left out. Then they rest
    /// for a second, or until stop(). May come several times. Async-signal-safe where `take` is.
    virtual void write_at_crash(void (*take)(void* to, const CapturedLine& line) noexcept, void* to) noexcept = 0;
};

[[nodiscard]] std::unique_ptr<StreamCapture> make_posix_stream_capture();

}  // namespace servicekit::os

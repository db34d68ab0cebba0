#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "policies/log/crash_line.hpp"
#include "policies/log/loss_counts.hpp"
#include "policies/log/timed_mutex.hpp"
#include "servicekit/os/standard_streams.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// Writes the lines of a log to a standard stream, whose reader may be slow or gone. When write() returns, the line is
/// in the kernel or counted as lost. Once the stream takes lines again, the first one reports the number of lost lines
/// and the reason. If a line was written in part, the next one begins on a new line. Thread-safe.
class StreamOutput {
public:
    /// Appends the record as one line with its newline.
    using Render = std::function<void(std::string& out, const LogRecord& record)>;

    /// \param patience how long a line waits for the reader; after a timeout lines do not wait until one is written.
    StreamOutput(os::StandardStreams& streams, os::Stream stream, std::chrono::milliseconds patience)
        : streams_{&streams}, stream_{stream}, patience_{patience} {}

    /// Accepts lines from now on; earlier ones are dropped.
    /// \param head most bytes in a line beside the record: CrashLine::prepare()
    void open(Render render, std::size_t head = 0);
    void write(const LogRecord& record) noexcept;
    [[nodiscard]] const LossCounts& losses() const noexcept { return losses_; }
    /// Async-signal-safe.
    void write_at_crash(const LogRecord& record) noexcept;
    /// Drops lines from now on, and waits at most `at_most` until the last one is written.
    /// \param now the time of the line that reports losses, if there are any.
    void close(std::chrono::system_clock::time_point now, std::chrono::milliseconds at_most) noexcept;

private:
    /// \param line one record, or empty to report only the losses. \pre the mutex is locked
    void put(std::string line, std::chrono::system_clock::time_point time);
    [[nodiscard]] std::string loss_line(std::chrono::system_clock::time_point time) const;

    os::StandardStreams* streams_;
    os::Stream stream_;
    std::chrono::milliseconds patience_;
    Render render_;
    std::atomic<bool> open_{false};
    std::atomic<std::uint64_t> lost_{0};  ///< lines that are not yet reported as lost
    LossCounts losses_;
    CrashLine crash_line_;

    TimedMutex mutex_;    // guards what follows
    bool torn_ = false;   ///< the last write did not end with a whole line
    bool stuck_ = false;  ///< the last line was not written in time
    std::string loss_reason_;
};

}  // namespace servicekit::policies

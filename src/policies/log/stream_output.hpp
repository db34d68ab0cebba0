#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "policies/log/crash_line.hpp"
#include "policies/log/timed_mutex.hpp"
#include "servicekit/os/standard_streams.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// The lines of a log on a standard stream, whose reader may be slow or gone. Each is in the kernel when write()
/// returns, or counted as lost; once the stream takes lines again, the first one says how many were lost and why.
/// A line after one that was torn begins on a fresh line. Thread-safe.
class StreamOutput {
public:
    /// Appends the record as one line with its newline.
    using Render = std::function<void(std::string& out, const LogRecord& record)>;

    /// \param patience how long a line waits for the reader; after one that waited in vain none does until one got out.
    StreamOutput(os::StandardStreams& streams, os::Stream stream, std::chrono::milliseconds patience)
        : streams_{&streams}, stream_{stream}, patience_{patience} {}

    /// Lets lines in; before, they are dropped.
    /// \param head how much may stand in a line beside the record: CrashLine::prepare()
    void open(Render render, std::size_t head = 0);
    void write(const LogRecord& record) noexcept;
    /// Async-signal-safe.
    void write_at_crash(const LogRecord& record) noexcept;
    /// Drops lines from here on, and waits until the last one is written, but for `at_most`.
    /// \param now the time of the line that tells of losses, where there are any.
    void close(std::chrono::system_clock::time_point now, std::chrono::milliseconds at_most) noexcept;

private:
    /// \param line one record, or empty for the losses alone. \pre the mutex is locked
    void put(std::string line, std::chrono::system_clock::time_point time);
    [[nodiscard]] std::string loss_line(std::chrono::system_clock::time_point time) const;

    os::StandardStreams* streams_;
    os::Stream stream_;
    std::chrono::milliseconds patience_;
    Render render_;
    std::atomic<bool> open_{false};
    std::atomic<std::uint64_t> lost_{0};
    CrashLine crash_line_;

    TimedMutex mutex_;    // guards what follows
    bool torn_ = false;   ///< the last thing that was written is no whole line
    bool stuck_ = false;  ///< the last line waited in vain
    std::string loss_reason_;
};

}  // namespace servicekit::policies

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "os/descriptor.hpp"
#include "os/process/fork_guard.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/stream_capture.hpp"

namespace servicekit::os {

/// A standard stream that is redirected into a pipe, and the lines that arrive from it.
/// For one thread at a time, except has_more() and descriptor().
class CapturedStream {
public:
    using Clock = std::chrono::steady_clock;
    /// Like StreamCapture::longest_rest, for a process that dies.
    static constexpr std::chrono::milliseconds last_rest{200};

    explicit CapturedStream(Stream stream) : stream_{stream} {}
    CapturedStream(const CapturedStream&) = delete;
    CapturedStream& operator=(const CapturedStream&) = delete;
    ~CapturedStream() {
        if (reader_) forget(reader_.get());
    }

    Result<void> open(StandardStreams& streams);
    [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(reader_); }
    [[nodiscard]] Stream stream() const noexcept { return stream_; }
    /// For poll(2); -1 if it is not open or has ended.
    [[nodiscard]] int descriptor() const noexcept { return at_end_.load() ? -1 : reader_.get(); }

    /// Reads once and calls `take` with each line that is now complete.
    /// \returns false if there was nothing to read
    template <class Take>
    bool read(Take take);
    /// Treats text without a newline as a line. \returns false if there was none
    template <class Take>
    bool end_line(Take take);
    /// The time at which the line without a newline has rested long enough; nothing if there is no such line.
    [[nodiscard]] std::optional<Clock::time_point> due(
        std::chrono::milliseconds rest = StreamCapture::longest_rest) const noexcept {
        return size_.load(std::memory_order_relaxed) == 0 ? std::nullopt : std::optional{last_read_ + rest};
    }

    /// Returns true if the pipe contains bytes, or if the last line has no newline yet. Async-signal-safe.
    [[nodiscard]] bool has_more() const noexcept;
    /// Calls `take` with each remaining line: those in the pipe when it is called, and the last one up to its end. A
    /// thread that crashed within read() may call it. The line that was being taken is left out. Async-signal-safe.
    /// \param lost_before reported with the first line
    void write_at_crash(void (*take)(void* to, const CapturedLine& line) noexcept, void* to,
                        std::uint64_t lost_before = 0) noexcept;

private:
    /// \returns the number of bytes read; 0 if there are none now
    std::size_t fill() noexcept;

    Stream stream_;
    Descriptor reader_;
    std::atomic<bool> at_end_{false};  ///< also read by the thread that waits for output
    Clock::time_point last_read_;      ///< end of the last read(), including the calls of `take`
    std::unique_ptr<char[]> bytes_;    ///< the beginning of a line, at most longest_line
    std::atomic<std::size_t> size_{0};
    std::atomic<std::size_t> taken_{0};   ///< leading bytes of `bytes_` whose lines are being taken or were taken
    std::unique_ptr<char[]> last_bytes_;  ///< like `bytes_`, for the crash lines
};

template <class Take>
bool CapturedStream::read(Take take) {
    const std::size_t before = size_.load(std::memory_order_relaxed);
    if (fill() == 0) return false;
    std::string_view rest{bytes_.get(), size_.load(std::memory_order_relaxed)};
    std::size_t searched = before;
    for (auto end = rest.find('\n', searched); end != std::string_view::npos; end = rest.find('\n')) {
        taken_.fetch_add(end + 1, std::memory_order_relaxed);
        take(rest.substr(0, end), false);
        rest.remove_prefix(end + 1);
    }
    if (rest.size() == StreamCapture::longest_line) {
        taken_.store(rest.size(), std::memory_order_relaxed);
        take(rest, true);
        rest = {};
    }
    std::char_traits<char>::move(bytes_.get(), rest.data(), rest.size());
    taken_.store(0, std::memory_order_relaxed);
    size_.store(rest.size(), std::memory_order_release);
    // Set after the calls of `take`, which may block while the end of the last line is already in the pipe.
    last_read_ = Clock::now();
    return true;
}

template <class Take>
bool CapturedStream::end_line(Take take) {
    const std::size_t size = size_.load(std::memory_order_relaxed);
    if (size == 0) return false;
    taken_.store(size, std::memory_order_relaxed);
    take(std::string_view{bytes_.get(), size}, false);
    taken_.store(0, std::memory_order_relaxed);
    size_.store(0, std::memory_order_release);
    return true;
}

}  // namespace servicekit::os

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

/// One standard stream that leads into a pipe, and the lines that come out of it.
/// By one thread at a time, but for has_more().
class CapturedStream {
public:
    using Clock = std::chrono::steady_clock;
    /// The same as StreamCapture::longest_rest in a process that dies.
    static constexpr std::chrono::milliseconds last_rest{50};

    explicit CapturedStream(Stream stream) : stream_{stream} {}
    CapturedStream(const CapturedStream&) = delete;
    CapturedStream& operator=(const CapturedStream&) = delete;
    ~CapturedStream() {
        if (reader_) forget(reader_.get());
    }

    Result<void> open(StandardStreams& streams);
    [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(reader_); }
    [[nodiscard]] Stream stream() const noexcept { return stream_; }
    /// For poll(2); -1 where it is not open, or has come to its end.
    [[nodiscard]] int descriptor() const noexcept { return at_end_ ? -1 : reader_.get(); }

    /// Reads what is there, once, and has `take` called with each line that it ends.
    /// \returns whether there was anything
    template <class Take>
    bool read(Take take);
    /// What has no newline yet counts as a line. \returns whether there was any
    template <class Take>
    bool end_line(Take take);
    /// When the line that has no newline yet has rested long enough; nothing where there is none.
    [[nodiscard]] std::optional<Clock::time_point> due(
        std::chrono::milliseconds rest = StreamCapture::longest_rest) const noexcept {
        return size_.load(std::memory_order_relaxed) == 0 ? std::nullopt : std::optional{last_read_ + rest};
    }

    // Async-signal-safe.
    /// Whether there are bytes in the pipe, or of a line that has no end yet.
    [[nodiscard]] bool has_more() const noexcept;
    /// Has `take` called with all that is left, a line at a time: of what is in the pipe at the beginning, and to the end
    /// of the line that it ends within. A thread that crashed within read() may call it there: the line that was being
    /// taken is left out.
    /// \param lost_before told of with the first line
    void write_at_crash(void (*take)(void* to, const CapturedLine& line) noexcept, void* to,
                        std::uint64_t lost_before = 0) noexcept;

private:
    /// \returns how many bytes came; nothing where there are none now
    std::size_t fill() noexcept;

    Stream stream_;
    Descriptor reader_;
    bool at_end_ = false;
    Clock::time_point last_read_;    ///< when the last reading ended, its lines taken
    std::unique_ptr<char[]> bytes_;  ///< the beginning of a line, of at most longest_line
    std::atomic<std::size_t> size_{0};
    std::atomic<std::size_t> taken_{0};  ///< bytes of `bytes_`, from the first on, whose lines are being taken, or were
    std::unique_ptr<char[]> last_bytes_;  ///< the same as `bytes_` for the crash lines
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
    // Not before: taking lines may have to wait, while the end of the last one is in the pipe.
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

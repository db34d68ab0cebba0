#include "os/streams/captured_stream.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "os/process/fork_guard.hpp"
#include "os/streams/stdout_lines.hpp"

namespace servicekit::os {
namespace {

/// The limit for an unprivileged process. With this size a thread that prints seldom has to wait.
constexpr int wanted_pipe_size = 1 << 20;

std::string_view captured_name(Stream stream) noexcept { return stream == Stream::error ? "stderr" : "stdout"; }

}  // namespace

Result<void> CapturedStream::open(StandardStreams& streams) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return os_error("make a pipe for", std::string{captured_name(stream_)}, errno);
    Descriptor reader{ends[0]};
    const Descriptor writer{ends[1]};
    // Only the reading end: a thread that prints should wait.
    if (::fcntl(reader.get(), F_SETFL, O_NONBLOCK) != 0)
        return os_error("make a pipe for", std::string{captured_name(stream_)}, errno);
    // Fails if this user's pipes are already too large together. The pipe then keeps its size.
    ::fcntl(writer.get(), F_SETPIPE_SZ, wanted_pipe_size);
    bytes_ = std::make_unique_for_overwrite<char[]>(StreamCapture::longest_line);
    last_bytes_ = std::make_unique_for_overwrite<char[]>(StreamCapture::longest_line);
    if (auto redirected = streams.redirect_to(stream_, writer.get()); !redirected) return redirected;
    // If stdio buffered more, lines would be late, and lost after a crash.
    if (stream_ == Stream::out) buffer_stdout_by_lines();
    reader_ = std::move(reader);
    // A child that kept it would not get SIGPIPE when its output is no longer read.
    close_in_children(reader_.get());
    return {};
}

std::size_t CapturedStream::fill() noexcept {
    const std::size_t size = size_.load(std::memory_order_relaxed);
    for (;;) {
        const ssize_t count = ::read(reader_.get(), bytes_.get() + size, StreamCapture::longest_line - size);
        if (count < 0 && errno == EINTR) continue;
        // All copies of the writing end are closed.
        if (count == 0) at_end_ = true;
        if (count <= 0) return 0;
        size_.store(size + static_cast<std::size_t>(count), std::memory_order_release);
        return static_cast<std::size_t>(count);
    }
}

bool CapturedStream::has_more() const noexcept {
    int count = 0;
    if (!reader_) return false;
    return size_.load(std::memory_order_acquire) > 0 || (::ioctl(reader_.get(), FIONREAD, &count) == 0 && count > 0);
}

void CapturedStream::write_at_crash(void (*take)(void*, const CapturedLine&) noexcept, void* to,
                                    std::uint64_t lost_before) noexcept {
    if (!reader_) return;
    constexpr std::size_t most = StreamCapture::longest_line;
    char* const bytes = last_bytes_.get();
    const std::size_t taken = taken_.load();
    const std::size_t known = std::min(size_.exchange(0), most);
    std::size_t size = known - std::min(taken, known);
    std::memcpy(bytes, bytes_.get() + (known - size), size);
    const auto put = [&](std::string_view text, bool is_cut) {
        take(to, {.stream = stream_, .text = text, .is_cut = is_cut, .lost_before = std::exchange(lost_before, 0)});
    };
    const auto take_lines = [&] {
        std::string_view rest{bytes, size};
        for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
            put(rest.substr(0, end), false);
            rest.remove_prefix(end + 1);
        }
        if (rest.size() == most) put(std::exchange(rest, {}), true);
        std::memmove(bytes, rest.data(), rest.size());
        size = rest.size();
    };
    take_lines();
    int held = 0;
    if (::ioctl(reader_.get(), FIONREAD, &held) != 0) held = 0;
    for (auto left = static_cast<std::size_t>(std::max(held, 0)); left > 0;) {
        const ssize_t count = ::read(reader_.get(), bytes + size, std::min(most - size, left));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        size += static_cast<std::size_t>(count);
        left -= static_cast<std::size_t>(count);
        take_lines();
    }
    // The program is probably still printing the last line, so this waits for the rest of it. Reads byte by byte,
    // so as not to begin another line.
    constexpr timespec a_millisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
    for (auto waited = std::chrono::milliseconds{0}; size > 0 && waited < last_rest;) {
        const ssize_t count = ::read(reader_.get(), bytes + size, 1);
        if (count == 0) break;
        if (count > 0) {
            if (bytes[size++] == '\n' || size == most) take_lines();
        } else {
            ::nanosleep(&a_millisecond, nullptr);
            waited += std::chrono::milliseconds{1};
        }
    }
    if (size > 0) put({bytes, size}, false);
}

}  // namespace servicekit::os

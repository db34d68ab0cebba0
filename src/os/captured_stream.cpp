#include "os/captured_stream.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "os/fork_guard.hpp"
#include "os/stdout_lines.hpp"

namespace servicekit::os {
namespace {

/// What an unprivileged process may have; whoever prints seldom has to wait then.
constexpr int wanted_pipe_size = 1 << 20;

std::string_view name_of(Stream stream) noexcept { return stream == Stream::error ? "stderr" : "stdout"; }

}  // namespace

Result<void> CapturedStream::open(StandardStreams& streams) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return os_error("make a pipe for", std::string{name_of(stream_)}, errno);
    Descriptor reader{ends[0]};
    const Descriptor writer{ends[1]};
    // Of the reading end alone: who prints should wait.
    if (::fcntl(reader.get(), F_SETFL, O_NONBLOCK) != 0)
        return os_error("make a pipe for", std::string{name_of(stream_)}, errno);
    // Where all users' pipes together are too large already it stays as it is.
    ::fcntl(writer.get(), F_SETPIPE_SZ, wanted_pipe_size);
    bytes_ = std::make_unique<char[]>(StreamCapture::longest_line);
    if (auto redirected = streams.redirect_to(stream_, writer.get()); !redirected) return redirected;
    // In a buffer of stdio's, nobody sees a line before there are many, or after a crash.
    if (stream_ == Stream::out) buffer_stdout_by_lines();
    reader_ = std::move(reader);
    // A child that kept it would never be told that nobody reads what it prints.
    close_in_children(reader_.get());
    return {};
}

std::size_t CapturedStream::fill() noexcept {
    const std::size_t size = size_.load(std::memory_order_relaxed);
    for (;;) {
        const ssize_t count = ::read(reader_.get(), bytes_.get() + size, StreamCapture::longest_line - size);
        if (count < 0 && errno == EINTR) continue;
        // Nobody has the writing end any more.
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

void CapturedStream::write_last_words(void (*take)(void*, std::string_view) noexcept, void* to) noexcept {
    if (!reader_) return;
    const std::string_view name = name_of(stream_);
    bool within_line = false;
    const auto put = [&](std::string_view bytes) {
        while (!bytes.empty()) {
            if (!within_line) {
                take(to, name);
                take(to, ": ");
            }
            const auto end = bytes.find('\n');
            take(to, bytes.substr(0, end == std::string_view::npos ? end : end + 1));
            within_line = end == std::string_view::npos;
            bytes.remove_prefix(within_line ? bytes.size() : end + 1);
        }
    };
    put({bytes_.get(), size_.exchange(0)});
    std::array<char, 4096> buffer;
    // No more than the pipe holds, should somebody go on printing.
    for (int rounds = 0; rounds < wanted_pipe_size / 4096; ++rounds) {
        const ssize_t count = ::read(reader_.get(), buffer.data(), buffer.size());
        if (count <= 0 && errno != EINTR) break;
        if (count > 0) put({buffer.data(), static_cast<std::size_t>(count)});
    }
    if (within_line) take(to, "\n");
}

}  // namespace servicekit::os

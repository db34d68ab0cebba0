#include "servicekit/os/standard_streams.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "os/deadline.hpp"
#include "os/descriptor.hpp"
#include "os/flush_stdio.hpp"
#include "os/hidden_line.hpp"
#include "os/patient_write.hpp"
#include "os/sigpipe_block.hpp"
#include "os/stdout_lines.hpp"

namespace servicekit::os {
namespace {

constexpr const char* null_device = "/dev/null";

int number_of(Stream stream) { return static_cast<int>(stream); }

std::string name_of(Stream stream) {
    switch (stream) {
        case Stream::in:
            return "stdin";
        case Stream::out:
            return "stdout";
        case Stream::error:
            break;
    }
    return "stderr";
}

/// Puts `descriptor` in the place of a standard stream.
Result<void> put_at(int descriptor, Stream stream) {
    const int number = number_of(stream);
    // dup2(2) would leave it as it is, closed by the next exec and all.
    if (descriptor == number) {
        const int flags = ::fcntl(number, F_GETFD);
        if (flags < 0 || ::fcntl(number, F_SETFD, flags & ~FD_CLOEXEC) != 0)
            return os_error("redirect", name_of(stream), errno);
        return {};
    }
    while (::dup2(descriptor, number) < 0)
        if (errno != EINTR && errno != EBUSY) return os_error("redirect", name_of(stream), errno);
    return {};
}

Result<void> put_null_at(Stream stream) {
    Descriptor null{::open(null_device, O_RDWR | O_CLOEXEC)};
    if (!null) return os_error("open", null_device, errno);
    auto done = put_at(null.get(), stream);
    // Where the stream was closed, its number was the first that was free.
    if (null.get() == number_of(stream)) static_cast<void>(null.release());
    return done;
}

Error open_error(const StreamFile& file, Stream stream, int errno_value) {
    Error error = os_error("open", file.path, errno_value);
    error.action += " for " + name_of(stream);
    return error;
}

/// Non-blocking, as a FIFO would be waited for until somebody opens its other end.
constexpr int always = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

// What follows returns nothing, with errno telling why, where it can't be opened.

Descriptor open_fifo_that_is_there(const std::string& path) {
    // Whoever writes is a reader, too, which Linux allows: so it waits for none, and there always is one.
    Descriptor both{::open(path.c_str(), O_RDWR | always)};
    // One that this user may not read.
    return both || errno != EACCES ? std::move(both) : Descriptor{::open(path.c_str(), O_WRONLY | always)};
}

Descriptor blocking(Descriptor opened) {
    const int flags = opened ? ::fcntl(opened.get(), F_GETFL) : -1;
    if (flags < 0 || ::fcntl(opened.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) return {};
    return opened;
}

Descriptor open_stream_to_read(const std::string& path) {
    return blocking(Descriptor{::open(path.c_str(), O_RDONLY | always)});
}

Descriptor open_fifo(const StreamFile& file, Stream stream) {
    if (::mkfifo(file.path.c_str(), file.permissions & 0777) == 0) {
        // Whatever the umask.
        if (::chmod(file.path.c_str(), file.permissions) != 0) return {};
    } else if (errno != EEXIST) {
        return {};
    }
    return stream == Stream::in ? open_stream_to_read(file.path) : open_fifo_that_is_there(file.path);
}

Descriptor open_or_make(const StreamFile& file) {
    int flags = O_WRONLY | O_APPEND | always;
    if (file.opening == StreamFile::Opening::truncate) flags |= O_TRUNC;
    if (file.opening != StreamFile::Opening::create) {
        Descriptor there{::open(file.path.c_str(), flags)};
        if (there || errno != ENOENT) return there;
    }
    Descriptor made{::open(file.path.c_str(), flags | O_CREAT | O_EXCL, file.permissions)};
    if (made && ::fchmod(made.get(), file.permissions) != 0) made.reset();
    const bool was_faster = !made && errno == EEXIST && file.opening != StreamFile::Opening::create;
    return was_faster ? Descriptor{::open(file.path.c_str(), flags)} : std::move(made);
}

Descriptor open_file(const StreamFile& file, Stream stream) {
    if (stream == Stream::in) return open_stream_to_read(file.path);
    Descriptor opened = open_or_make(file);
    // A FIFO that nobody reads.
    if (!opened && errno == ENXIO) return open_fifo_that_is_there(file.path);
    struct stat status {};
    if (!opened || ::fstat(opened.get(), &status) != 0) return {};
    if (!S_ISFIFO(status.st_mode)) return blocking(std::move(opened));
    Descriptor anew = open_fifo_that_is_there(file.path);
    // Its reader may have left meanwhile, and be back when something is to be written.
    return anew ? std::move(anew) : std::move(opened);
}

class PosixStandardStreams final : public StandardStreams {
public:
    void write(Stream stream, std::string_view text) override {
        flush_stdio();
        const SigpipeBlock block;
        const Deadline deadline{std::chrono::seconds{1}};
        while (!text.empty()) {
            const ssize_t count = ::write(number_of(stream), text.data(), text.size());
            if (count >= 0) {
                text.remove_prefix(static_cast<std::size_t>(count));
            } else if (errno == EAGAIN) {
                // The terminal or pipe was made non-blocking by a process that we share it with.
                pollfd writable{number_of(stream), POLLOUT, 0};
                if (deadline.passed()) return;
                ::poll(&writable, 1, deadline.poll_timeout());
            } else if (errno != EINTR) {
                return;
            }
        }
    }

    StreamWriting write_within(Stream stream, std::string_view text, std::chrono::milliseconds at_most) override {
        const SigpipeBlock block;
        const PatientWriting done = patient_write(number_of(stream), text, Deadline{at_most});
        if (done.errno_value == 0) return {.bytes = done.bytes};
        Error error = os_error("write to", name_of(stream), done.errno_value);
        if (done.errno_value == EAGAIN) error.reason = "its reader does not keep up";
        return {.bytes = done.bytes, .failure = std::move(error)};
    }

    void write_last_words(Stream stream, std::string_view text, std::chrono::milliseconds at_most) noexcept override {
        const SigpipeBlock block;
        static_cast<void>(patient_write(number_of(stream), text, Deadline{at_most}));
    }

    Result<std::string> read_rest(std::size_t max_bytes) override {
        std::string text;
        std::array<char, 16384> buffer;
        for (;;) {
            const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
            if (count == 0) return text;
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return os_error("read", "stdin", errno);
            if (static_cast<std::size_t>(count) > max_bytes - text.size())
                return Error{ExitCode::os, "read", "stdin", "it is larger than " + std::to_string(max_bytes) + " bytes",
                             EFBIG};
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
    }

    Result<std::optional<std::string>> ask_hidden(const std::string& prompt) override {
        flush_stdio();
        return ask_for_hidden_line(prompt);
    }

    bool is_terminal(Stream stream) const override { return ::isatty(number_of(stream)) == 1; }

    unsigned terminal_width(Stream stream) const override {
        constexpr unsigned usual_width = 80;
        winsize size{};
        const bool is_known = ::ioctl(number_of(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
        return is_known ? size.ws_col : usual_width;
    }

    Result<void> open_closed_ones() override {
        for (const Stream stream : {Stream::in, Stream::out, Stream::error}) {
            if (::fcntl(number_of(stream), F_GETFD) >= 0) continue;
            if (auto opened = put_null_at(stream); !opened) return opened;
        }
        return {};
    }

    Result<void> redirect_to_null(Stream stream) override {
        flush_stdio();
        return put_null_at(stream);
    }

    Result<void> redirect_to(Stream stream, int descriptor) override {
        flush_stdio();
        return put_at(descriptor, stream);
    }

    Result<void> redirect_to_file(Stream stream, const StreamFile& file) override {
        Descriptor opened = file.is_fifo ? open_fifo(file, stream) : open_file(file, stream);
        if (!opened) return open_error(file, stream, errno);
        struct stat status {};
        if (::fstat(opened.get(), &status) != 0) return open_error(file, stream, errno);
        if (S_ISDIR(status.st_mode)) return open_error(file, stream, EISDIR);
        if (file.is_fifo && !S_ISFIFO(status.st_mode)) {
            Error error = open_error(file, stream, EEXIST);
            error.reason = "it is no FIFO";
            return error;
        }
        flush_stdio();
        auto done = put_at(opened.get(), stream);
        if (stream == Stream::out) buffer_stdout_by_lines();
        if (opened.get() == number_of(stream)) static_cast<void>(opened.release());
        return done;
    }

    Result<void> hand_to(Stream stream, uid_t uid, gid_t gid) override {
        struct stat status {};
        if (::fstat(number_of(stream), &status) != 0) return os_error("inspect", name_of(stream), errno);
        if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) return {};
        if (::fchown(number_of(stream), uid, gid) != 0)
            return os_error("change the owner of the file of", name_of(stream), errno);
        return {};
    }
};

}  // namespace

StandardStreams& posix_standard_streams() {
    static PosixStandardStreams streams;
    return streams;
}

}  // namespace servicekit::os

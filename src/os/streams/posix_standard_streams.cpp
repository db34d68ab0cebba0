#include "servicekit/os/standard_streams.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "os/deadline.hpp"
#include "os/descriptor.hpp"
#include "os/files/path_end.hpp"
#include "os/patient_write.hpp"
#include "os/sockets/sigpipe_block.hpp"
#include "os/streams/flush_stdio.hpp"
#include "os/streams/stdout_lines.hpp"
#include "os/streams/terminal_input.hpp"
#include "os/uninterrupted.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::os {

std::string to_string(Stream stream) {
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

namespace {

constexpr const char* null_device = "/dev/null";

int number_of(Stream stream) { return static_cast<int>(stream); }

/// Replaces a standard stream with `descriptor`.
Result<void> put_at(int descriptor, Stream stream) {
    const int number = number_of(stream);
    // dup2(2) would do nothing and leave it close-on-exec.
    if (descriptor == number) {
        const int flags = ::fcntl(number, F_GETFD);
        if (flags < 0 || ::fcntl(number, F_SETFD, flags & ~FD_CLOEXEC) != 0)
            return os_error("redirect", to_string(stream), errno);
        return {};
    }
    while (::dup2(descriptor, number) < 0)
        if (errno != EINTR && errno != EBUSY) return os_error("redirect", to_string(stream), errno);
    return {};
}

Result<void> put_null_at(Stream stream) {
    Descriptor null{open_uninterrupted(null_device, O_RDWR | O_CLOEXEC)};
    if (!null) return os_error("open", null_device, errno);
    auto done = put_at(null.get(), stream);
    // If the stream was closed, open(2) has returned its number.
    if (null.get() == number_of(stream)) static_cast<void>(null.release());
    return done;
}

Error open_error(const StreamFile& file, Stream stream, int errno_value) {
    Error error = os_error("open", file.path, errno_value);
    error.action += " for " + to_string(stream);
    return error;
}

/// O_NONBLOCK, as opening a FIFO would wait for its other end.
constexpr int always = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

/// A file that redirect_to_file() opened.
struct OpenStreamFile {
    Descriptor descriptor;
    std::optional<Error> shortcoming = {};
    bool is_new = false;
    bool has_group_of_directory = false;
    bool is_of_user = false;  ///< it was opened with the rights of the user that root becomes
};

// The following functions return no descriptor, with errno, if the file cannot be opened.

Descriptor open_at(const PathEnd& end, int flags) {
    return Descriptor{open_uninterrupted_at(end.directory(), end.name(), flags | end.no_follow() | always)};
}

Descriptor open_fifo_that_is_there(const PathEnd& end) {
    // Linux allows opening a FIFO for both. So open(2) does not wait for a reader, and there always is one.
    Descriptor both = open_at(end, O_RDWR);
    // This user may not read it.
    return both || errno != EACCES ? std::move(both) : open_at(end, O_WRONLY);
}

Descriptor blocking(Descriptor opened) {
    const int flags = opened ? ::fcntl(opened.get(), F_GETFL) : -1;
    if (flags < 0 || ::fcntl(opened.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) return {};
    return opened;
}

Descriptor open_stream_to_read(const PathEnd& end) { return blocking(open_at(end, O_RDONLY)); }

/// \pre the file was made just now
std::optional<Error> set_permissions(const PathEnd& end, const StreamFile& file, const Descriptor& made) {
    // By name only if no other user can have put another file there.
    const bool is_set = made ? ::fchmod(made.get(), file.permissions) == 0
                             : !end.is_trusted() || ::fchmodat(end.directory(), end.name(), file.permissions, 0) == 0;
    if (is_set) return std::nullopt;
    return os_error("change the permissions of", file.path, errno);
}

OpenStreamFile open_fifo(const PathEnd& end, const StreamFile& file, Stream stream) {
    OpenStreamFile opened;
    if (::mkfifoat(end.directory(), end.name(), file.permissions & 0777) == 0) {
        opened.is_new = true;
        // Sets the permissions whatever the umask is.
        opened.shortcoming = set_permissions(end, file, {});
    } else if (errno != EEXIST) {
        return opened;
    }
    opened.descriptor = stream == Stream::in ? open_stream_to_read(end) : open_fifo_that_is_there(end);
    return opened;
}

OpenStreamFile open_or_make(const PathEnd& end, const StreamFile& file) {
    OpenStreamFile opened;
    constexpr int flags = O_WRONLY | O_APPEND;
    if (file.opening != StreamFile::Opening::create) {
        opened.descriptor = open_at(end, flags);
        if (opened.descriptor || errno != ENOENT) return opened;
    }
    opened.descriptor = Descriptor{
        open_uninterrupted_at(end.directory(), end.name(), flags | O_CREAT | O_EXCL | always, file.permissions)};
    opened.is_new = static_cast<bool>(opened.descriptor);
    if (opened.is_new) opened.shortcoming = set_permissions(end, file, opened.descriptor);
    const bool was_faster = !opened.is_new && errno == EEXIST && file.opening != StreamFile::Opening::create;
    if (was_faster) opened.descriptor = open_at(end, flags);
    return opened;
}

OpenStreamFile open_file(const PathEnd& end, const StreamFile& file, Stream stream) {
    if (stream == Stream::in) return {.descriptor = open_stream_to_read(end)};
    OpenStreamFile opened = open_or_make(end, file);
    // A FIFO without a reader.
    if (!opened.descriptor && errno == ENXIO) return {.descriptor = open_fifo_that_is_there(end)};
    struct stat status {};
    if (!opened.descriptor || ::fstat(opened.descriptor.get(), &status) != 0) return {};
    if (!S_ISFIFO(status.st_mode)) {
        opened.descriptor = blocking(std::move(opened.descriptor));
        return opened;
    }
    // Its reader may be gone by now, and return before something is written.
    if (Descriptor again = open_fifo_that_is_there(end)) opened.descriptor = std::move(again);
    return opened;
}

/// Returns the reason why the file at the end must not be opened; nothing if it may, or if there is none.
std::optional<Error> refusal_of_what_is_there(const PathEnd& end, const StreamFile& file) {
    if (end.is_trusted()) return std::nullopt;
    const Descriptor there{open_uninterrupted_at(end.directory(), end.name(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    struct stat status {};
    if (!there || ::fstat(there.get(), &status) != 0) return std::nullopt;
    return end.refusal("open", file.path, status);
}

Result<OpenStreamFile> open_checked(const PathEnd& end, const StreamFile& file, Stream stream) {
    if (auto refusal = refusal_of_what_is_there(end, file)) return *std::move(refusal);
    OpenStreamFile opened = file.is_fifo ? open_fifo(end, file, stream) : open_file(end, file, stream);
    struct stat status {};
    if (!opened.descriptor || ::fstat(opened.descriptor.get(), &status) != 0) return open_error(file, stream, errno);
    if (auto refusal = end.refusal("open", file.path, status)) return *std::move(refusal);
    if (S_ISDIR(status.st_mode)) return open_error(file, stream, EISDIR);
    if (file.is_fifo && !S_ISFIFO(status.st_mode)) {
        Error error = open_error(file, stream, EEXIST);
        error.reason = "it is not a FIFO";
        return error;
    }
    // Not emptied by open(2), as only now it is known whose file it is.
    const bool is_emptied =
        stream != Stream::in && file.opening == StreamFile::Opening::truncate && S_ISREG(status.st_mode);
    if (is_emptied && ::ftruncate(opened.descriptor.get(), 0) != 0) return open_error(file, stream, errno);
    opened.has_group_of_directory = end.gives_its_group();
    opened.is_of_user = end.on_behalf_of().has_value();
    return opened;
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
                // Another process that shares the terminal or pipe has made it non-blocking.
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
        Error error = os_error("write to", to_string(stream), done.errno_value);
        if (done.errno_value == EAGAIN) error.reason = "its reader does not keep up";
        return {.bytes = done.bytes, .failure = std::move(error)};
    }

    void write_at_crash(Stream stream, std::string_view text, std::chrono::milliseconds at_most) noexcept override {
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

    Result<std::optional<char>> ask_key(const std::string& prompt, std::string_view keys) override {
        flush_stdio();
        return ask_for_key(prompt, keys);
    }

    bool is_terminal(Stream stream) const override { return ::isatty(number_of(stream)) == 1; }

    bool leads_to(Stream stream, int descriptor) const override {
        struct stat one {};
        struct stat other {};
        if (::fstat(number_of(stream), &one) != 0 || ::fstat(descriptor, &other) != 0) return false;
        if (one.st_dev == other.st_dev && one.st_ino == other.st_ino) return true;
        // /dev/tty is another name of the process's terminal.
        unsigned first = 0;
        unsigned second = 0;
        return ::ioctl(number_of(stream), TIOCGDEV, &first) == 0 && ::ioctl(descriptor, TIOCGDEV, &second) == 0 &&
               first == second;
    }

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

    Result<std::optional<Error>> redirect_to_file(Stream stream, const StreamFile& file) override {
        if (const auto descriptor = named_descriptor(file.path)) {
            flush_stdio();
            handed_[static_cast<std::size_t>(number_of(stream))] = Handing{};
            if (auto done = put_at(*descriptor, stream); !done) return done.error();
            return std::optional<Error>{};
        }
        auto opened = at_path_end("open", file.path, LastLink::follow,
                                  [&](const PathEnd& end) { return open_checked(end, file, stream); });
        if (!opened) {
            Error error = opened.error();
            if (error.action == "open") error.action = open_error(file, stream, 0).action;
            return error;
        }
        flush_stdio();
        auto done = put_at(opened->descriptor.get(), stream);
        if (stream == Stream::out) buffer_stdout_by_lines();
        if (opened->descriptor.get() == number_of(stream)) static_cast<void>(opened->descriptor.release());
        if (!done) return done.error();
        handed_[static_cast<std::size_t>(number_of(stream))] =
            Handing{.may_be = !opened->is_of_user, .with_group = opened->is_new && !opened->has_group_of_directory};
        return std::move(opened->shortcoming);
    }

    Result<void> change_owner(Stream stream, uid_t uid, gid_t gid) override {
        struct stat status {};
        if (::fstat(number_of(stream), &status) != 0) return os_error("inspect", to_string(stream), errno);
        if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) return {};
        const Handing& handing = handed_[static_cast<std::size_t>(number_of(stream))];
        if (!handing.may_be || (status.st_uid == uid && !handing.with_group)) return {};
        if (::fchown(number_of(stream), uid, handing.with_group ? gid : static_cast<gid_t>(-1)) != 0)
            return os_error("change the owner of the file of", to_string(stream), errno);
        return {};
    }

private:
    /// Whether change_owner() may change the owner of a stream's file, and its group.
    struct Handing {
        bool may_be = false;
        bool with_group = false;
    };
    std::array<Handing, 3> handed_{};
};

}  // namespace

StandardStreams& posix_standard_streams() {
    static PosixStandardStreams streams;
    return streams;
}

}  // namespace servicekit::os

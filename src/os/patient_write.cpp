#include "os/patient_write.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>

#include "os/descriptor.hpp"
#include "os/uninterrupted.hpp"

namespace servicekit::os {
namespace {

bool is_regular_file(int descriptor) {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

bool is_writable(int descriptor, int timeout) {
    pollfd writable{descriptor, POLLOUT, 0};
    return ::poll(&writable, 1, timeout) > 0;
}

/// Returns true if the kernel cannot write to the descriptor without waiting: a terminal, or before Linux 6.5 a pipe.
bool is_unsupported(int errno_value) {
    return errno_value == EOPNOTSUPP || errno_value == ENOSYS || errno_value == EINVAL;
}

/// Opens the same pipe or terminal again, so that O_NONBLOCK applies to this descriptor alone. Returns none if it
/// belongs to another user, as after privileges were dropped, or if the reader has gone.
Descriptor reopened(int descriptor) {
    constexpr std::string_view directory = "/proc/self/fd/";
    // Not a std::string, which allocates memory.
    std::array<char, 32> path{};
    directory.copy(path.data(), directory.size());
    std::to_chars(path.data() + directory.size(), path.data() + path.size() - 1, descriptor);
    return Descriptor{open_uninterrupted(path.data(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
}

/// Writes as write(2) does to a non-blocking descriptor, whether or not the given one is non-blocking.
class Writer {
public:
    explicit Writer(int descriptor)
        : descriptor_{descriptor}, way_{is_regular_file(descriptor) ? Way::plain : Way::at_once} {}

    ssize_t write(std::string_view text) {
        if (way_ == Way::at_once) {
            iovec piece{const_cast<char*>(text.data()), text.size()};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
            const ssize_t count = ::pwritev2(descriptor_, &piece, 1, -1, RWF_NOWAIT);
            if (count >= 0 || !is_unsupported(errno)) return count;
            own_ = reopened(descriptor_);
            way_ = own_ ? Way::plain : Way::after_poll;
        }
        if (way_ == Way::plain) return ::write(own_ ? own_.get() : descriptor_, text.data(), text.size());
        // If poll(2) reports a pipe writable, it takes this much at once, unless another process writes to it at the
        // same moment. A terminal takes at least a part.
        if (!is_writable(descriptor_, 0)) {
            errno = EAGAIN;
            return -1;
        }
        return ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    }

private:
    enum class Way { at_once, plain, after_poll };

    int descriptor_;
    Way way_;
    Descriptor own_;
};

}  // namespace

PatientWriting patient_write(int descriptor, std::string_view text, const Deadline& deadline) {
    Writer writer{descriptor};
    PatientWriting done;
    while (!text.empty()) {
        const ssize_t count = writer.write(text);
        if (count >= 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
            done.bytes += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN) {
            if (deadline.passed()) return {done.bytes, EAGAIN};
            static_cast<void>(is_writable(descriptor, deadline.poll_timeout()));
        } else if (errno != EINTR) {
            return {done.bytes, errno};
        }
    }
    return done;
}

}  // namespace servicekit::os

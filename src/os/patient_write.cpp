#include "os/patient_write.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

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

/// As write(2) on a non-blocking descriptor.
ssize_t write_at_once(int descriptor, std::string_view text) {
    iovec piece{const_cast<char*>(text.data()), text.size()};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    const ssize_t count = ::pwritev2(descriptor, &piece, 1, -1, RWF_NOWAIT);
    if (count >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)) return count;
    // A terminal, or a pipe of a kernel before 6.5. What poll(2) calls writable takes so much at once, unless another
    // process writes to the same pipe in this very moment; then this waits as long as that one's reader does.
    if (!is_writable(descriptor, 0)) {
        errno = EAGAIN;
        return -1;
    }
    return ::write(descriptor, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
}

}  // namespace

PatientWriting patient_write(int descriptor, std::string_view text, const Deadline& deadline) {
    const bool is_file = is_regular_file(descriptor);
    PatientWriting done;
    while (!text.empty()) {
        const ssize_t count = is_file ? ::write(descriptor, text.data(), text.size()) : write_at_once(descriptor, text);
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

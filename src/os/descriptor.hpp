#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace servicekit::os {

/// Owns a file descriptor and closes it when destroyed, leaving errno as it was.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) noexcept : number_{number} {}
    Descriptor(Descriptor&& other) noexcept : number_{other.release()} {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    [[nodiscard]] int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }

    /// Gives up ownership without closing.
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

    /// Closes the descriptor and takes ownership of `number`.
    void reset(int number = -1) noexcept {
        const int old = std::exchange(number_, number);
        if (old < 0) return;
        // Never retried: Linux has freed the number even if close() fails with EINTR.
        const int errno_before = errno;
        ::close(old);
        errno = errno_before;
    }

private:
    int number_ = -1;
};

/// Takes ownership. Returns the same open file under a number above 2, as 0 to 2 may be closed or redirected later.
[[nodiscard]] inline Descriptor above_standard_streams(int number) {
    Descriptor descriptor{number};
    if (number > STDERR_FILENO) return descriptor;
    return Descriptor{::fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
}

}  // namespace servicekit::os

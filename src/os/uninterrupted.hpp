#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace servicekit::os {

/// Makes a system call, and makes it again if a signal interrupts it: open(2) on a FIFO, NFS or FUSE may be interrupted
/// whatever SA_RESTART says. Async-signal-safe if the call is.
/// \param call returns -1 with errno, or a null pointer with errno, if it fails
template <class Call>
[[nodiscard]] auto uninterrupted(const Call& call) noexcept {
    for (;;) {
        const auto outcome = call();
        if constexpr (requires { *outcome; }) {
            if (outcome != nullptr || errno != EINTR) return outcome;
        } else {
            if (outcome >= 0 || errno != EINTR) return outcome;
        }
    }
}

/// open(2) and openat(2), made again if a signal interrupts them. \param mode for O_CREAT and O_TMPFILE
[[nodiscard]] inline int open_uninterrupted(const char* path, int flags, mode_t mode = 0) noexcept {
    return uninterrupted([&] { return ::open(path, flags, mode); });
}
[[nodiscard]] inline int open_uninterrupted_at(int directory, const char* name, int flags, mode_t mode = 0) noexcept {
    return uninterrupted([&] { return ::openat(directory, name, flags, mode); });
}

/// Writes all of the text by write(2), in several calls if one takes a part only. Async-signal-safe.
/// \returns false with errno if it fails, which may be after a part
[[nodiscard]] inline bool write_whole(int descriptor, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t count = uninterrupted([&] { return ::write(descriptor, text.data(), text.size()); });
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace servicekit::os

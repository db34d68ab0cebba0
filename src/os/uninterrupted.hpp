#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace servicekit::os {

/// Makes a system call and repeats it if a signal interrupts it: open(2) on a FIFO, NFS or FUSE can be interrupted
/// despite SA_RESTART. Async-signal-safe if the call is.
/// \param call returns -1 or a null pointer, with errno, if it fails
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

/// Calls open(2) or openat(2) and repeats it if a signal interrupts it. \param mode for O_CREAT and O_TMPFILE
[[nodiscard]] inline int open_uninterrupted(const char* path, int flags, mode_t mode = 0) noexcept {
    return uninterrupted([&] { return ::open(path, flags, mode); });
}
[[nodiscard]] inline int open_uninterrupted_at(int directory, const char* name, int flags, mode_t mode = 0) noexcept {
    return uninterrupted([&] { return ::openat(directory, name, flags, mode); });
}

/// Writes all of the text with write(2), in several calls if one writes only a part. Async-signal-safe.
/// \returns false with errno if it fails, possibly after a part was written
[[nodiscard]] inline bool write_whole(int descriptor, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t count = uninterrupted([&] { return ::write(descriptor, text.data(), text.size()); });
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace servicekit::os

#pragma once

#include <cerrno>

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

}  // namespace servicekit::os

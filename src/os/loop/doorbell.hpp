#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace servicekit::os {

/// Makes an eventfd(2) readable until it is read. Async-signal-safe, except that errno may change.
inline void ring(int descriptor) noexcept {
    constexpr std::uint64_t one = 1;
    constexpr int most_attempts = 100;
    for (int attempts = 0; attempts < most_attempts; ++attempts)
        // EAGAIN: already readable.
        if (::write(descriptor, &one, sizeof one) == sizeof one || errno == EAGAIN) return;
}

/// Makes it unreadable until the next ring.
inline void silence(int descriptor) noexcept {
    std::uint64_t rings = 0;
    [[maybe_unused]] const ssize_t count = ::read(descriptor, &rings, sizeof rings);
}

}  // namespace servicekit::os

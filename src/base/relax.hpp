#pragma once

namespace servicekit {

/// Rests for a moment in a loop that waits for another core, so that this one looks less often.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace servicekit

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace servicekit::os {

/// Where a thread was, the innermost function first: addresses of instructions, that of the first one exact, those of
/// the others just after the call.
struct CrashStack {
    std::array<std::uintptr_t, 64> frames{};
    std::size_t size = 0;
    bool is_cut = false;  ///< there were more
};

/// What a signal's context says of the thread that it interrupted; 0 where this machine's is not known here.
struct InterruptedThread {
    std::uintptr_t instruction = 0;
    std::uintptr_t stack = 0;
    std::uintptr_t frame = 0;
};
[[nodiscard]] InterruptedThread interrupted_thread(const void* context) noexcept;

/// The stack of the calling thread as it was when the signal came whose handler calls this.
/// \param context what the handler got
/// Async-signal-safe, once prepare_for_stacks() was called, as far as the stack is whole: the unwinder reads it.
void take_stack(const void* context, CrashStack& into) noexcept;

/// The same for normal code. \param caller a return address on the stack: the frames below it are left out
void take_stack_from(std::uintptr_t caller, CrashStack& into) noexcept;

/// Has the unwinder do once, while all is well, what it does only once.
void prepare_for_stacks() noexcept;

/// What the registers are called, and hold. \param describe called for each
/// \returns how many there are; async-signal-safe where `describe` is
std::size_t each_register(const void* context, void (*describe)(void* to, const char* name, std::uint64_t value),
                          void* to) noexcept;

}  // namespace servicekit::os

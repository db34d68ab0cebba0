#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace servicekit::os {

/// A backtrace: addresses of instructions, the innermost function first. The first address is exact.
/// The others are return addresses.
struct CrashStack {
    std::array<std::uintptr_t, 64> frames{};
    std::size_t size = 0;
    bool is_cut = false;  ///< there were more frames
};

/// Registers of an interrupted thread, from a signal's context; 0 if this machine is not supported.
struct InterruptedThread {
    std::uintptr_t instruction = 0;
    std::uintptr_t stack = 0;
    std::uintptr_t frame = 0;
};
[[nodiscard]] InterruptedThread interrupted_thread(const void* context) noexcept;

/// Takes the stack of the calling thread as it was when the signal arrived.
/// \param context the third argument of the signal handler
/// Async-signal-safe after prepare_for_stacks() has been called, if the stack is intact: the unwinder reads it.
void take_stack(const void* context, CrashStack& into) noexcept;

/// Does the same in normal code. \param caller a return address on the stack; frames below it are left out
void take_stack_from(std::uintptr_t caller, CrashStack& into) noexcept;

/// Makes the unwinder do its one-time initialisation before a crash.
void prepare_for_stacks() noexcept;

/// Calls `describe` with the name and value of each register.
/// \returns the number of registers; async-signal-safe if `describe` is
std::size_t each_register(const void* context, void (*describe)(void* to, const char* name, std::uint64_t value),
                          void* to) noexcept;

}  // namespace servicekit::os

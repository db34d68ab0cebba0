#pragma once

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>

#include "os/crash/crash_stack.hpp"

namespace servicekit::os {

/// The other threads of this process and their stacks. A signal asks each thread to unwind its own stack. For
/// use in a signal handler. Once all have answered, the signal has its former action again. Until then, it
/// has that action only if it is not a question. In fixed memory, by system calls alone: async-signal-safe.
/// Only one object at a time may ask.
class OtherThreads {
public:
    struct Thread {
        pid_t id = 0;
        /// The thread sets this when `stack` is complete.
        std::atomic<bool> has_answered{false};
        CrashStack stack;
    };

    /// Finds the threads and asks them. Returns when all have answered or the time is up.
    void ask(std::chrono::milliseconds at_most) noexcept;
    [[nodiscard]] const Thread* begin() const noexcept { return threads_.data(); }
    [[nodiscard]] const Thread* end() const noexcept { return threads_.data() + count_; }
    /// Number of threads for which there was no room.
    [[nodiscard]] std::size_t left_out() const noexcept { return left_out_; }

private:
    void list() noexcept;
    [[nodiscard]] bool have_answered() const noexcept;
    static void answer(int number, siginfo_t* info, void* context) noexcept;
    static void pass_on(int number, siginfo_t* info, void* context) noexcept;

    std::array<Thread, 64> threads_{};
    std::size_t count_ = 0;
    std::size_t left_out_ = 0;
};

}  // namespace servicekit::os

#pragma once

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>

#include "os/crash/crash_stack.hpp"

namespace servicekit::os {

/// The threads of this process beside the calling one, and where they are: each is asked by a signal to look at its own
/// stack. For a signal handler; what the signal meant before, it means again once all have answered, and till then where
/// it is no question. In fixed memory, by system calls alone: async-signal-safe. One at a time.
class OtherThreads {
public:
    struct Thread {
        pid_t id = 0;
        /// Set by the thread itself when `stack` is whole.
        std::atomic<bool> has_answered{false};
        CrashStack stack;
    };

    /// Finds them, and has them answer. Returns when all have, or the time is up.
    void ask(std::chrono::milliseconds at_most) noexcept;
    [[nodiscard]] const Thread* begin() const noexcept { return threads_.data(); }
    [[nodiscard]] const Thread* end() const noexcept { return threads_.data() + count_; }
    /// How many there were no room for.
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

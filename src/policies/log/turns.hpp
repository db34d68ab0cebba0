#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "servicekit/os/not_cancelled.hpp"

namespace servicekit::policies {

/// Lets one thread at a time at something that may hang in the kernel, so that the next can wait within bounds.
/// Where nobody waits a turn costs no system call. In a signal handler it takes a LastTurn.
// Not a std::timed_mutex, whose waiting the thread sanitizers of our compilers do not know.
class Turns {
public:
    class Turn {
    public:
        explicit Turn(Turns& turns) : turns_{turns} {
            if (!turns_.take() && !turns_.take_soon())
                turns_.wait([](auto& lock, auto& over, auto is_ours) {
                    // A LastTurn wakes nobody.
                    while (!over.wait_for(lock, std::chrono::milliseconds{100}, is_ours)) {
                    }
                    return true;
                });
        }
        Turn(Turns& turns, std::chrono::milliseconds at_most) : turns_{turns} {
            is_ours_ = turns_.take() || (at_most.count() > 0 &&
                                         (turns_.take_soon() || turns_.wait([&](auto& lock, auto& over, auto is_ours) {
                                             return over.wait_for(lock, at_most, is_ours);
                                         })));
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() {
            if (is_ours_) turns_.pass_on();
        }
        /// Always, where no time was given.
        [[nodiscard]] bool is_ours() const noexcept { return is_ours_; }

    private:
        Turns& turns_;
        bool is_ours_ = true;
    };

private:
    friend class LastTurn;

    [[nodiscard]] bool take() noexcept { return !taken_.exchange(true); }
    /// Most turns are over before a thread would have gone to sleep.
    [[nodiscard]] bool take_soon() noexcept {
        for (int looks = 0; looks < 100; ++looks)
            if (!taken_.load(std::memory_order_relaxed) && take()) return true;
        return false;
    }

    template <class Wait>
    bool wait(Wait wait_for) {
        const os::NotCancelled not_cancelled;
        std::unique_lock lock{mutex_};
        ++waiting_;
        const bool is_ours = wait_for(lock, over_, [this] { return take(); });
        --waiting_;
        return is_ours;
    }

    // Both atomics are sequentially consistent: either who waits sees the turn free, or this sees somebody wait.
    void pass_on() {
        taken_.store(false);
        if (waiting_.load() == 0) return;
        { const std::lock_guard lock{mutex_}; }
        over_.notify_one();
    }
    // To wake who waits takes locks, which the thread may hold that the signal came to.
    void leave() noexcept { taken_.store(false); }

    std::atomic<bool> taken_{false};
    std::atomic<bool> last_was_in_vain_{false};
    std::atomic<unsigned> waiting_{0};
    std::mutex mutex_;
    std::condition_variable over_;
};

}  // namespace servicekit::policies

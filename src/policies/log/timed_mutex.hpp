#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/relax.hpp"
#include "servicekit/os/not_cancelled.hpp"

namespace servicekit::policies {

/// A mutex for calls that may hang in the kernel: a thread can limit how long it waits. Makes no system call while no
/// thread waits. A signal handler locks it with a CrashLock.
// Not a std::timed_mutex, because the thread sanitizers of our compilers do not know its timed wait.
class TimedMutex {
public:
    class Lock {
    public:
        explicit Lock(TimedMutex& mutex) : mutex_{mutex} {
            if (!mutex_.take() && !mutex_.take_soon())
                mutex_.wait([](auto& lock, auto& over, auto owns_lock) {
                    // A CrashLock does not wake waiting threads.
                    while (!over.wait_for(lock, std::chrono::milliseconds{100}, owns_lock)) {
                    }
                    return true;
                });
        }
        Lock(TimedMutex& mutex, std::chrono::milliseconds at_most) : mutex_{mutex} {
            owns_lock_ =
                mutex_.take() ||
                (at_most.count() > 0 && (mutex_.take_soon() || mutex_.wait([&](auto& lock, auto& over, auto owns_lock) {
                     return over.wait_for(lock, at_most, owns_lock);
                 })));
        }
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;
        ~Lock() {
            if (owns_lock_) mutex_.pass_on();
        }
        /// Returns true if the mutex is locked. Without a time limit it always is.
        [[nodiscard]] bool owns_lock() const noexcept { return owns_lock_; }

    private:
        TimedMutex& mutex_;
        bool owns_lock_ = true;
    };

private:
    friend class CrashLock;

    [[nodiscard]] bool take() noexcept { return !taken_.exchange(true); }
    /// Most locks are released before a thread could go to sleep.
    [[nodiscard]] bool take_soon() noexcept {
        for (int looks = 0; looks < 100; ++looks) {
            if (!taken_.load(std::memory_order_relaxed) && take()) return true;
            relax();
        }
        return false;
    }

    template <class Wait>
    bool wait(Wait wait_for) {
        const os::NotCancelled not_cancelled;
        std::unique_lock lock{mutex_};
        ++waiting_;
        const bool owns_lock = wait_for(lock, over_, [this] { return take(); });
        --waiting_;
        return owns_lock;
    }

    // Both atomics are sequentially consistent: the waiting thread sees the mutex free, or this one sees it wait.
    void pass_on() {
        taken_.store(false);
        if (waiting_.load() == 0) return;
        { const std::lock_guard lock{mutex_}; }
        over_.notify_one();
    }
    // To wake a thread takes locks, which the interrupted thread may hold.
    void leave() noexcept { taken_.store(false); }

    std::atomic<bool> taken_{false};
    std::atomic<bool> last_was_in_vain_{false};
    std::atomic<unsigned> waiting_{0};
    std::mutex mutex_;
    std::condition_variable over_;
};

}  // namespace servicekit::policies

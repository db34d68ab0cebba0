#pragma once

#include <chrono>
#include <thread>

#include "policies/log/timed_mutex.hpp"

namespace servicekit::policies {

/// Tries to lock the mutex for a tenth of a second, in a signal handler. After that its owner will most likely never
/// release it. Once a lock has failed, the next ones do not wait until one succeeds. Async-signal-safe.
class CrashLock {
public:
    explicit CrashLock(TimedMutex& mutex) noexcept : mutex_{mutex}, owns_lock_{mutex.take()} {
        for (int tries = 0; !owns_lock_ && !mutex_.last_was_in_vain_.load() && tries < 100; ++tries) {
            std::this_thread::sleep_for(std::chrono::milliseconds{1});  // only calls nanosleep(2)
            owns_lock_ = mutex_.take();
        }
        mutex_.last_was_in_vain_.store(!owns_lock_);
    }
    CrashLock(const CrashLock&) = delete;
    CrashLock& operator=(const CrashLock&) = delete;
    ~CrashLock() {
        if (owns_lock_) mutex_.leave();
    }
    [[nodiscard]] bool owns_lock() const noexcept { return owns_lock_; }

private:
    TimedMutex& mutex_;
    bool owns_lock_;
};

}  // namespace servicekit::policies

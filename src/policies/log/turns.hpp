#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace servicekit::policies {

/// Lets one thread at a time at something that may hang in the kernel, so that the next can wait within bounds.
// Not a std::timed_mutex, whose waiting the thread sanitizers of our compilers do not know.
class Turns {
public:
    class Turn {
    public:
        explicit Turn(Turns& turns) : turns_{turns} {
            std::unique_lock lock{turns_.mutex_};
            turns_.over_.wait(lock, [this] { return !turns_.taken_; });
            turns_.taken_ = true;
        }
        Turn(Turns& turns, std::chrono::milliseconds at_most) : turns_{turns} {
            std::unique_lock lock{turns_.mutex_};
            is_ours_ = turns_.over_.wait_for(lock, at_most, [this] { return !turns_.taken_; });
            if (is_ours_) turns_.taken_ = true;
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() {
            if (!is_ours_) return;
            {
                const std::lock_guard lock{turns_.mutex_};
                turns_.taken_ = false;
            }
            turns_.over_.notify_one();
        }
        /// Always, where no time was given.
        [[nodiscard]] bool is_ours() const noexcept { return is_ours_; }

    private:
        Turns& turns_;
        bool is_ours_ = true;
    };

private:
    std::mutex mutex_;
    std::condition_variable over_;
    bool taken_ = false;  ///< guarded by the mutex
};

}  // namespace servicekit::policies

#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace servicekit::os {

/// Calls on their way to a loop's thread, and when that has to be woken for them: once for a burst.
/// From any thread, save where it says otherwise.
class PostedCalls {
public:
    enum class Wake {
        not_needed,  ///< it will be anyway
        now,
        soon,  ///< within a time that the loop chooses, unless release() comes first
    };

    /// So many are held at most: beyond that the two threads should rather work side by side.
    static constexpr std::size_t most_held = 16;

    [[nodiscard]] Wake add(std::function<void()> call) {
        const std::lock_guard lock{mutex_};
        calls_.push_back(std::move(call));
        if (wake_is_due_) return Wake::not_needed;
        if (!holds_ || calls_.size() >= most_held) {
            wake_is_due_ = true;
            return Wake::now;
        }
        return calls_.size() == 1 ? Wake::soon : Wake::not_needed;
    }
    /// run() follows shortly anyway: nobody has to wake the loop's thread until then. For that thread only.
    void expect_run() {
        const std::lock_guard lock{mutex_};
        wake_is_due_ = true;
    }
    void hold() {
        const std::lock_guard lock{mutex_};
        holds_ = true;
    }
    /// \returns whether the loop's thread has to be woken.
    [[nodiscard]] bool release() {
        const std::lock_guard lock{mutex_};
        holds_ = false;
        if (calls_.empty() || wake_is_due_) return false;
        wake_is_due_ = true;
        return true;
    }
    /// Calls those that were added before. For the loop's thread only.
    void run() {
        {
            const std::lock_guard lock{mutex_};
            wake_is_due_ = false;
            running_.swap(calls_);
        }
        for (const std::function<void()>& call : running_) call();
        running_.clear();
        constexpr std::size_t kept_for_the_next = 1024;
        if (running_.capacity() > kept_for_the_next) running_ = {};
    }

private:
    std::mutex mutex_;
    std::vector<std::function<void()>> calls_;
    bool holds_ = false;
    bool wake_is_due_ = false;
    std::vector<std::function<void()>> running_;  ///< the loop's thread's own; kept for its memory
};

}  // namespace servicekit::os

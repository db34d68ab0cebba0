#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace servicekit::os {

/// Calls on their way to a loop's thread, and when that has to be woken for them: once for a burst.
/// From any thread, save where it says otherwise.
class PostedCalls {
public:
    /// \returns whether the loop's thread has to be woken: not where it will come anyway.
    [[nodiscard]] bool add(std::function<void()> call) {
        const std::lock_guard lock{mutex_};
        calls_.push_back(std::move(call));
        return !std::exchange(wake_is_due_, true);
    }
    /// run() follows shortly anyway: nobody has to wake the loop's thread until then. For that thread only.
    void expect_run() {
        const std::lock_guard lock{mutex_};
        wake_is_due_ = true;
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
    bool wake_is_due_ = false;
    std::vector<std::function<void()>> running_;  ///< the loop's thread's own; kept for its memory
};

}  // namespace servicekit::os

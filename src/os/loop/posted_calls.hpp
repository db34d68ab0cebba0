#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "os/loop/loop_calls.hpp"

namespace servicekit::os {

/// Queues calls for a loop's thread and finds out if that thread has to be woken: once for a burst. From any
/// thread, unless stated otherwise.
class PostedCalls {
public:
    /// \returns true if the caller has to wake the loop's thread: it waits, and no other caller has woken it yet.
    [[nodiscard]] bool add(std::function<void()> call) {
        const std::lock_guard lock{mutex_};
        calls_.push_back(std::move(call));
        return std::exchange(waits_, false);
    }
    /// \returns true if there is no call, so that the loop's thread may wait. For that thread only.
    [[nodiscard]] bool begin_wait() {
        const std::lock_guard lock{mutex_};
        waits_ = calls_.empty();
        return waits_;
    }
    /// Ends the wait: run() follows, so callers need not wake the loop's thread. For that thread only.
    void end_wait() {
        const std::lock_guard lock{mutex_};
        waits_ = false;
    }
    [[nodiscard]] bool is_empty() const {
        const std::lock_guard lock{mutex_};
        return calls_.empty();
    }
    /// Makes the calls that were added before. For the loop's thread only.
    void run(LoopCalls& calls) {
        {
            const std::lock_guard lock{mutex_};
            running_.swap(calls_);
        }
        for (const std::function<void()>& call : running_) calls.call(call);
        running_.clear();
        constexpr std::size_t kept_for_the_next = 1024;
        if (running_.capacity() > kept_for_the_next) running_ = {};
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::function<void()>> calls_;
    bool waits_ = false;
    std::vector<std::function<void()>> running_;  ///< used by the loop's thread only; kept to reuse its memory
};

}  // namespace servicekit::os

#pragma once

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

namespace servicekit::os {

/// Keeps threads from their work while a signal handler does it. The handler cannot wait for a lock.
///
/// A thread first marks something as in hand, and then checks this object. A handler first takes the last say, and then
/// checks what is in hand. All of that is sequentially consistent, so one of the two sees the other.
class LastSay {
    using Clock = std::chrono::steady_clock;

public:
    /// How long the threads rest after crash lines. A process that dies may write more crash lines in this time, and
    /// has then ended. One that goes on, because of a handler of the program, needs its threads again.
    static constexpr std::chrono::milliseconds rest_after_crash{1000};

    // Async-signal-safe.
    void take() noexcept { until_.store(for_ever); }
    void end() noexcept { until_.store((Clock::now() + rest_after_crash).time_since_epoch().count()); }
    [[nodiscard]] bool is_taken() const noexcept {
        const Ticks until = until_.load();
        return until != 0 && (until == for_ever || Clock::now().time_since_epoch().count() < until);
    }

    /// Ends the rest of the threads, as the process goes on.
    void end_rest() noexcept {
        Ticks until = until_.load();
        while (until != for_ever && !until_.compare_exchange_weak(until, 0)) {
        }
    }
    /// Polls, as a handler cannot notify.
    void wait() const {
        while (is_taken()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }

private:
    using Ticks = Clock::rep;
    static constexpr Ticks for_ever = std::numeric_limits<Ticks>::max();
    static_assert(std::atomic<Ticks>::is_always_lock_free);

    std::atomic<Ticks> until_{0};  ///< 0 before any handler had it
};

}  // namespace servicekit::os

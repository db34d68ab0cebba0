#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <utility>

#include "os/loop/loop_calls.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {

/// The timers of a loop, for its thread only. Each timer owns its node of the queue, so starting one allocates no
/// memory, however many there are.
class LoopTimers {
    using Clock = std::chrono::steady_clock;

public:
    class One final : public Timer {
    public:
        explicit One(LoopTimers& timers) : timers_{timers}, place_{timers.queue_.insert(this).first} { stop(); }
        ~One() override { stop(); }
        One(const One&) = delete;
        One& operator=(const One&) = delete;

        void start(std::chrono::milliseconds from_now, std::function<void()> callback) override {
            // Adding a longer time would overflow the clock.
            constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365 * 100};
            stop();
            deadline_ = Clock::now() + std::clamp(from_now, std::chrono::milliseconds{0}, longest);
            started_ = ++timers_.started_;
            callback_ = std::move(callback);
            place_ = timers_.queue_.insert(std::move(idle_)).position;
        }
        void stop() override { static_cast<void>(take()); }

    private:
        friend class LoopTimers;

        /// Stops it. \returns its callback
        std::function<void()> take() {
            if (idle_.empty()) idle_ = timers_.queue_.extract(place_);
            return std::exchange(callback_, nullptr);
        }

        struct Sooner {
            bool operator()(const One* one, const One* other) const {
                return std::pair{one->deadline_, one->started_} < std::pair{other->deadline_, other->started_};
            }
        };
        using Queue = std::set<One*, Sooner>;

        LoopTimers& timers_;
        Clock::time_point deadline_{};
        std::uint64_t started_ = 0;  ///< orders timers with the same deadline
        std::function<void()> callback_;
        Queue::iterator place_;  ///< valid while it is in the queue
        Queue::node_type idle_;  ///< holds the node while it is not in the queue
    };

    /// Calls back for each timer that is due, by deadline. Skips timers that a callback starts.
    void call_due(LoopCalls& calls) {
        const std::uint64_t started_before = started_;
        const auto now = Clock::now();
        while (!queue_.empty()) {
            One& first = **queue_.begin();
            if (first.deadline_ > now || first.started_ > started_before) return;
            calls.call(first.take());
        }
    }

    /// \returns true if a timer runs
    [[nodiscard]] bool are_running() const noexcept { return !queue_.empty(); }
    /// The timeout for epoll_wait(2) until the next timer is due; -1 if no timer runs.
    [[nodiscard]] int milliseconds_left() const {
        if (queue_.empty()) return -1;
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>((*queue_.begin())->deadline_ - Clock::now()).count();
        return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
    }

private:
    One::Queue queue_;
    std::uint64_t started_ = 0;
};

}  // namespace servicekit::os

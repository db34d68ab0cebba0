#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "os/loop_calls.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {

/// The timers of a loop: a dozen, so they are looked through one by one. Starting one takes no memory.
/// For the loop's thread only.
class LoopTimers {
    struct State {
        std::function<void()> callback = {};  ///< empty: it does not run
        std::chrono::steady_clock::time_point deadline = {};
        std::uint64_t started = 0;  ///< orders timers of the same deadline
    };

public:
    class One final : public Timer {
    public:
        explicit One(LoopTimers& timers) : timers_{timers} { timers_.all_.push_back(&state_); }
        ~One() override { std::erase(timers_.all_, &state_); }
        One(const One&) = delete;
        One& operator=(const One&) = delete;

        void start(std::chrono::milliseconds from_now, std::function<void()> callback) override {
            // Adding more to now would overflow the clock.
            constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365 * 100};
            state_.deadline = std::chrono::steady_clock::now() + std::min(from_now, longest);
            state_.started = ++timers_.started_;
            state_.callback = std::move(callback);
        }
        void stop() override { state_.callback = nullptr; }

    private:
        LoopTimers& timers_;
        State state_;
    };

    /// Calls back for each timer whose time is up, in the order of their times; not for those that this starts.
    void call_due(LoopCalls& calls) {
        const std::uint64_t started_before = started_;
        const auto now = std::chrono::steady_clock::now();
        const auto is_due = [&](const State& state) {
            return state.deadline <= now && state.started <= started_before;
        };
        while (State* const first = first_where(is_due)) {
            const auto callback = std::exchange(first->callback, nullptr);
            calls.call(callback);
        }
    }

    /// How long the loop may wait, as epoll_wait(2) takes it; -1: no timer runs.
    [[nodiscard]] int milliseconds_left() const {
        const State* const first = first_where([](const State&) { return true; });
        if (first == nullptr) return -1;
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(first->deadline - std::chrono::steady_clock::now()).count();
        return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
    }

private:
    template <class Condition>
    [[nodiscard]] State* first_where(const Condition& is_wanted) const {
        State* first = nullptr;
        for (State* const state : all_) {
            if (!state->callback || !is_wanted(*state)) continue;
            const auto order = [](const State& one) { return std::pair{one.deadline, one.started}; };
            if (first == nullptr || order(*state) < order(*first)) first = state;
        }
        return first;
    }

    std::vector<State*> all_;
    std::uint64_t started_ = 0;
};

}  // namespace servicekit::os

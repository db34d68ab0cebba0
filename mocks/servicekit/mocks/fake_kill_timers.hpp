#pragma once

#include <memory>
#include <set>
#include <string>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/kill_timer.hpp"

namespace servicekit::mocks {

/// Kill timers that only remember their times. A test asks which are set, and acts as the kernel.
class FakeKillTimers {
public:
    /// Makes a timer. It must not outlive this object.
    [[nodiscard]] std::unique_ptr<os::KillTimer> make() { return std::make_unique<Timer>(*this); }
    /// Returns the times that are set, the earliest first.
    [[nodiscard]] const std::multiset<os::BootClock::time_point>& times() const noexcept { return times_; }

    /// For `kill_at`.
    FakeFailures failures{"kill_at"};

private:
    class Timer final : public os::KillTimer {
    public:
        explicit Timer(FakeKillTimers& all) : all_{&all} {}
        ~Timer() override { Timer::cancel(); }
        Timer(const Timer&) = delete;
        Timer& operator=(const Timer&) = delete;

        Result<void> kill_at(os::BootClock::time_point time) override {
            if (const auto failure = all_->failures.due("kill_at")) return os_error("set a timer", "", *failure);
            cancel();
            time_ = all_->times_.insert(time);
            return {};
        }
        void cancel() noexcept override {
            if (time_ != all_->times_.end()) all_->times_.erase(time_);
            time_ = all_->times_.end();
        }

    private:
        FakeKillTimers* all_;
        std::multiset<os::BootClock::time_point>::iterator time_ = all_->times_.end();
    };

    std::multiset<os::BootClock::time_point> times_;
};

}  // namespace servicekit::mocks

#pragma once

#include <chrono>
#include <csignal>

#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/os/interruptible_sleep.hpp"

namespace servicekit::mocks {

/// Sleeps on virtual time, in which events that are due happen.
class FakeInterruptibleSleep final : public os::InterruptibleSleep {
public:
    explicit FakeInterruptibleSleep(FakeReactor& reactor) : reactor_{&reactor} {}

    bool sleep_for(std::chrono::milliseconds time) override {
        return !reactor_->run_until([this] { return ended_by_ != 0; }, "a sleeper", time);
    }
    [[nodiscard]] int ended_by() const override { return ended_by_; }
    /// Interrupts the sleep like a ^C of the user.
    void interrupt(int signal = SIGINT) { ended_by_ = signal; }

private:
    FakeReactor* reactor_;
    int ended_by_ = 0;
};

}  // namespace servicekit::mocks

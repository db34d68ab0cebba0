#pragma once

#include <chrono>

#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/os/interruptible_sleep.hpp"

namespace servicekit::mocks {

/// Sleeps on virtual time; what is due meanwhile happens.
class FakeInterruptibleSleep final : public os::InterruptibleSleep {
public:
    explicit FakeInterruptibleSleep(FakeReactor& reactor) : reactor_{&reactor} {}

    bool sleep_for(std::chrono::milliseconds time) override {
        return !reactor_->run_until([this] { return interrupted_; }, "a sleeper", time);
    }
    /// As a ^C of the user's.
    void interrupt() { interrupted_ = true; }

private:
    FakeReactor* reactor_;
    bool interrupted_ = false;
};

}  // namespace servicekit::mocks

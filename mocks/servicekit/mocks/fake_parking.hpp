#pragma once

#include <chrono>

#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/mocks/process_exited.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::mocks {

/// park() turns the reactor until unpark() is called, so that a whole service lives on the thread of the test, and in
/// no time. What the test does meanwhile it does in FakeReactor::when_idle().
class FakeParking final : public os::Parking {
public:
    explicit FakeParking(FakeReactor& reactor) : reactor_{&reactor} {}

    /// \throws IdleForever where nothing is left that could unpark it, ProcessExited where its process was killed
    void park() override {
        if (!reactor_->run_until([this] { return unparked_; }, "a parked thread"))
            throw ProcessExited{.status = killed_status};
        unparked_ = false;
    }
    bool park_for(std::chrono::milliseconds at_most) override {
        const bool was_unparked = reactor_->run_until([this] { return unparked_; }, "a parked thread", at_most);
        if (reactor_->is_killed()) throw ProcessExited{.status = killed_status};
        if (was_unparked) unparked_ = false;
        return was_unparked;
    }
    void unpark() override { unparked_ = true; }

private:
    FakeReactor* reactor_;
    bool unparked_ = false;
};

}  // namespace servicekit::mocks

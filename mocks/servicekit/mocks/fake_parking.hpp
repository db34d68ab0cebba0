#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/mocks/process_exited.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::mocks {

/// park() turns the reactor until unpark() is called, so that a whole service runs on the thread of the test, without
/// delay. The test acts in FakeReactor::when_idle(). A thread that the fakes do not know, such as a std::thread of the
/// application, sleeps for real.
class FakeParking final : public os::Parking {
public:
    explicit FakeParking(FakeReactor& reactor) : reactor_{&reactor} {}

    /// \throws IdleForever if nothing is left that could unpark it, ProcessExited if its process was killed
    void park() override {
        if (reactor_->is_foreign_thread()) {
            std::unique_lock lock{foreign_mutex_};
            return foreign_.wait(lock, [this] { return unparked_.exchange(false); });
        }
        if (!reactor_->run_until([this] { return unparked_.load(); }, "a parked thread"))
            throw ProcessExited{.status = killed_status};
        unparked_ = false;
    }
    bool park_for(std::chrono::milliseconds at_most) override {
        if (reactor_->is_foreign_thread()) {
            std::unique_lock lock{foreign_mutex_};
            return foreign_.wait_for(lock, at_most, [this] { return unparked_.exchange(false); });
        }
        const bool was_unparked = reactor_->run_until([this] { return unparked_.load(); }, "a parked thread", at_most);
        if (reactor_->is_killed()) throw ProcessExited{.status = killed_status};
        if (was_unparked) unparked_ = false;
        return was_unparked;
    }
    void unpark() override {
        const std::lock_guard lock{foreign_mutex_};
        unparked_ = true;
        foreign_.notify_one();
    }

private:
    FakeReactor* reactor_;
    std::atomic<bool> unparked_{false};
    std::mutex foreign_mutex_;
    std::condition_variable foreign_;
};

}  // namespace servicekit::mocks

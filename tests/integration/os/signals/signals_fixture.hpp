#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/signals.hpp"

namespace servicekit::os::test {

/// The signals that the callback received. The test's thread waits for them.
class Received {
public:
    void add(const ReceivedSignal& signal) {
        const std::lock_guard lock{mutex_};
        signals_.push_back(signal);
        changed_.notify_all();
    }
    /// Waits until the signal has arrived.
    bool contains(int number) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, std::chrono::seconds{30}, [&] { return count_of(number) > 0; });
    }
    std::ptrdiff_t count(int number) {
        const std::lock_guard lock{mutex_};
        return count_of(number);
    }
    ReceivedSignal last() {
        const std::lock_guard lock{mutex_};
        return signals_.back();
    }

private:
    std::ptrdiff_t count_of(int number) {
        return std::count_if(signals_.begin(), signals_.end(),
                             [&](const ReceivedSignal& signal) { return signal.number == number; });
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<ReceivedSignal> signals_;
};

/// The action of the process for a signal.
class Disposition {
public:
    explicit Disposition(int number) { sigaction(number, nullptr, &action_); }
    [[nodiscard]] bool is(void (*handler)(int)) const {
        return (action_.sa_flags & SA_SIGINFO) == 0 && action_.sa_handler == handler;
    }
    [[nodiscard]] int flags() const { return action_.sa_flags; }

private:
    struct sigaction action_ {};
};

/// The signals that a service handles.
inline constexpr std::array all{SIGHUP, SIGTERM, SIGABRT, SIGINT, SIGUSR1};

/// Signals of this process, with a loop that has not started yet.
class SignalsTest : public ::testing::Test {
protected:
    ~SignalsTest() override {
        signals.give_back();
        if (loop) loop->stop();
        signals.release_held();
    }
    Result<void> take() {
        return signals.take(all, *loop, [this](const ReceivedSignal& signal) { received.add(signal); });
    }
    void take_and_start() {
        ASSERT_TRUE(take());
        ASSERT_TRUE(loop->start());
    }
    void send_to_ourselves(int number) { ASSERT_EQ(kill(getpid(), number), 0); }

    Signals& signals = posix_signals();
    Received received;
    std::unique_ptr<EventLoop> loop = make_posix_event_loop("loop");
};

}  // namespace servicekit::os::test

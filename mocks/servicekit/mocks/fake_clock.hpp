#pragma once

#include <chrono>

#include "servicekit/os/clock.hpp"

namespace servicekit::mocks {

/// A clock that only a test moves. It begins at 2026-01-02 03:04:05 UTC, an hour after the machine's start. The machine
/// was suspended for a minute since.
class FakeClock final : public os::Clock {
public:
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override { return steady_; }
    [[nodiscard]] os::BootClock::time_point boot_now() const override {
        return os::BootClock::time_point{steady_.time_since_epoch() + suspended_};
    }
    [[nodiscard]] std::chrono::system_clock::time_point system_now() const override { return system_; }

    /// Advances all times. Timers that become due are called when their FakeReactor turns.
    void advance(std::chrono::steady_clock::duration time) {
        steady_ += time;
        system_ += std::chrono::duration_cast<std::chrono::system_clock::duration>(time);
    }
    /// Lets this time pass while the machine is suspended: CLOCK_MONOTONIC stands still.
    void suspend(std::chrono::steady_clock::duration time) {
        suspended_ += time;
        system_ += std::chrono::duration_cast<std::chrono::system_clock::duration>(time);
    }
    /// Changes only the system time, like an operator who corrects the date.
    void set_system_time(std::chrono::system_clock::time_point time) { system_ = time; }

private:
    std::chrono::steady_clock::time_point steady_{std::chrono::hours{1}};
    std::chrono::steady_clock::duration suspended_{std::chrono::minutes{1}};
    std::chrono::system_clock::time_point system_{std::chrono::seconds{1'767'323'045}};
};

}  // namespace servicekit::mocks

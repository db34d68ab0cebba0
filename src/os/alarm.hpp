#pragma once

#include <sys/timerfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>

#include "os/descriptor.hpp"

namespace servicekit::os {

/// A time limit that one thread sets and another waits for, by its descriptor: timerfd_create(2).
class Alarm {
public:
    Alarm() : timer_{timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)} {
        if (!timer_) throw std::system_error{errno, std::generic_category(), "timerfd_create"};
    }

    /// Nothing where it is set already. From any thread.
    void set(std::chrono::nanoseconds from_now) {
        if (is_set_.exchange(true, std::memory_order_acq_rel)) return;
        const itimerspec once{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = from_now.count()}};
        timerfd_settime(timer_.get(), 0, &once, nullptr);
    }
    /// It went off: may be set again.
    void acknowledge() {
        std::uint64_t times = 0;
        // Where there is nothing to read it had gone off for nobody.
        static_cast<void>(::read(timer_.get(), &times, sizeof times));
        is_set_.store(false, std::memory_order_release);
    }
    [[nodiscard]] int descriptor() const noexcept { return timer_.get(); }

private:
    Descriptor timer_;
    std::atomic<bool> is_set_{false};
};

}  // namespace servicekit::os

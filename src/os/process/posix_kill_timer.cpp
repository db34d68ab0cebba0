#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

#include "servicekit/os/kill_timer.hpp"

namespace servicekit::os {
namespace {

class PosixKillTimer final : public KillTimer {
public:
    PosixKillTimer() = default;
    ~PosixKillTimer() override {
        if (exists()) ::timer_delete(timer_);
    }
    PosixKillTimer(const PosixKillTimer&) = delete;
    PosixKillTimer& operator=(const PosixKillTimer&) = delete;

    Result<void> kill_at(BootClock::time_point time) override {
        if (!exists()) {
            sigevent death{};
            death.sigev_notify = SIGEV_SIGNAL;
            death.sigev_signo = SIGKILL;
            if (::timer_create(CLOCK_BOOTTIME, &death, &timer_) != 0) return os_error("set a timer", "", errno);
            made_by_ = ::getpid();
        }
        // The time 0 would cancel it.
        const auto since_boot = std::max(time.time_since_epoch(), BootClock::duration{1});
        return set(since_boot) ? Result<void>{} : os_error("set a timer", "", errno);
    }
    void cancel() noexcept override {
        // Cannot fail, as the timer exists.
        if (exists()) static_cast<void>(set({}));
    }

private:
    /// A child of fork(2) does not inherit the timer.
    [[nodiscard]] bool exists() const noexcept { return made_by_ == ::getpid(); }
    [[nodiscard]] bool set(BootClock::duration since_boot) const noexcept {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
        itimerspec when{};
        when.it_value.tv_sec = seconds.count();
        when.it_value.tv_nsec = (since_boot - seconds).count();
        return ::timer_settime(timer_, TIMER_ABSTIME, &when, nullptr) == 0;
    }

    timer_t timer_{};
    pid_t made_by_ = 0;
};

}  // namespace

std::unique_ptr<KillTimer> make_posix_kill_timer() { return std::make_unique<PosixKillTimer>(); }

}  // namespace servicekit::os

#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>

#include "servicekit/os/interruptible_sleep.hpp"

namespace servicekit::os {
namespace {

class PosixInterruptibleSleep final : public InterruptibleSleep {
public:
    PosixInterruptibleSleep() {
        sigemptyset(&awaited_);
        for (const int number : std::array{SIGINT, SIGTERM, SIGHUP}) {
            struct sigaction current {};
            // A blocked signal stays pending even if it is ignored, as HUP is under nohup(1), and would end the sleep.
            if (sigaction(number, nullptr, &current) == 0 && current.sa_handler != SIG_IGN)
                sigaddset(&awaited_, number);
        }
        pthread_sigmask(SIG_BLOCK, &awaited_, &before_);
    }
    PosixInterruptibleSleep(const PosixInterruptibleSleep&) = delete;
    PosixInterruptibleSleep& operator=(const PosixInterruptibleSleep&) = delete;
    ~PosixInterruptibleSleep() override { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    bool sleep_for(std::chrono::milliseconds time) override {
        using std::chrono::steady_clock;
        const auto until = steady_clock::now() + time;
        while (ended_by_ == 0) {
            const auto left = std::max(until - steady_clock::now(), steady_clock::duration::zero());
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
            timespec timeout{};
            timeout.tv_sec = static_cast<time_t>(seconds.count());
            timeout.tv_nsec = static_cast<long>(std::chrono::nanoseconds{left - seconds}.count());
            const int number = sigtimedwait(&awaited_, nullptr, &timeout);
            if (number > 0)
                ended_by_ = number;
            else if (errno != EINTR)
                break;
        }
        return ended_by_ == 0;
    }
    int ended_by() const override { return ended_by_; }

private:
    sigset_t awaited_{};
    sigset_t before_{};
    int ended_by_ = 0;
};

}  // namespace

std::unique_ptr<InterruptibleSleep> make_posix_interruptible_sleep() {
    return std::make_unique<PosixInterruptibleSleep>();
}

}  // namespace servicekit::os

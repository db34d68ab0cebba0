#include <semaphore.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>

#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {
namespace {

/// A semaphore with at most one permit. Not a bare futex(2): ThreadSanitizer delays signals to a thread that sleeps in
/// a call that it does not intercept, and a service would sleep through every TERM.
class PosixParking final : public Parking {
public:
    PosixParking() {
        if (sem_init(&semaphore_, 0, 0) != 0)
            throw std::system_error{errno, std::generic_category(), "cannot make a semaphore"};
    }
    ~PosixParking() override { sem_destroy(&semaphore_); }
    PosixParking(const PosixParking&) = delete;
    PosixParking& operator=(const PosixParking&) = delete;

    [[gnu::hot]] void park() override {
        while (sem_wait(&semaphore_) != 0) {
            // A valid semaphore can only fail with EINTR.
        }
        // Acquires what happened before each unpark() that found the permit already given.
        permitted_.exchange(false, std::memory_order_acquire);
    }

    bool park_for(std::chrono::milliseconds at_most) override {
        const timespec until = from_now(at_most);
        while (sem_clockwait(&semaphore_, CLOCK_MONOTONIC, &until) != 0)
            if (errno == ETIMEDOUT) return false;
        permitted_.exchange(false, std::memory_order_acquire);
        return true;
    }

    [[gnu::hot]] void unpark() override {
        if (!permitted_.exchange(true, std::memory_order_acq_rel)) sem_post(&semaphore_);
    }

private:
    static timespec from_now(std::chrono::milliseconds time) {
        // A longer time would overflow the clock.
        constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365 * 100};
        const auto until = std::chrono::steady_clock::now().time_since_epoch() +
                           std::clamp(time, std::chrono::milliseconds{0}, longest);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(until);
        timespec point{};
        point.tv_sec = static_cast<time_t>(seconds.count());
        point.tv_nsec = static_cast<long>(std::chrono::nanoseconds{until - seconds}.count());
        return point;
    }

    sem_t semaphore_ = {};
    std::atomic<bool> permitted_{false};  ///< true from the post until the end of the wait that takes the permit
};

}  // namespace

std::unique_ptr<Parking> make_posix_parking() { return std::make_unique<PosixParking>(); }

}  // namespace servicekit::os

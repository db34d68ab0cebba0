#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {
namespace {

/// A semaphore of one permit at most. Not a bare futex(2): the thread sanitizer puts off a signal to whoever sleeps where
/// it does not look, and a service would sleep through every TERM.
class PosixParking final : public Parking {
public:
    PosixParking() {
        if (sem_init(&semaphore_, 0, 0) != 0)
            throw std::system_error{errno, std::generic_category(), "cannot make a semaphore"};
    }
    ~PosixParking() override { sem_destroy(&semaphore_); }
    PosixParking(const PosixParking&) = delete;
    PosixParking& operator=(const PosixParking&) = delete;

    void park() override {
        while (sem_wait(&semaphore_) != 0) {
            // EINTR: there is no other fault that a valid semaphore can have.
        }
        // Acquires what came before each unpark() that found the permit given already.
        permitted_.exchange(false, std::memory_order_acquire);
    }

    void unpark() override {
        if (!permitted_.exchange(true, std::memory_order_acq_rel)) sem_post(&semaphore_);
    }

private:
    sem_t semaphore_ = {};
    std::atomic<bool> permitted_{false};  ///< between the post and the end of the wait that takes it
};

}  // namespace

std::unique_ptr<Parking> make_posix_parking() { return std::make_unique<PosixParking>(); }

}  // namespace servicekit::os

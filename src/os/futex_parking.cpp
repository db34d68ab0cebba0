#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {
namespace {

/// After futex(2) and the parker of Rust's standard library.
class FutexParking final : public Parking {
public:
    void park() override {
        // From unparked to empty, or from empty to asleep.
        if (state_.fetch_sub(1, std::memory_order_acquire) == unparked) return;
        for (;;) {
            // Returns at once where the state is another by now, and for no reason too (EINTR).
            syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, asleep, nullptr, nullptr, 0);
            std::uint32_t expected = unparked;
            if (state_.compare_exchange_strong(expected, empty, std::memory_order_acquire)) return;
        }
    }

    void unpark() override {
        if (state_.exchange(unparked, std::memory_order_release) == asleep)
            syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }

private:
    static constexpr std::uint32_t empty = 0;
    static constexpr std::uint32_t unparked = 1;
    static constexpr std::uint32_t asleep = ~std::uint32_t{0};

    std::atomic<std::uint32_t> state_{empty};
    static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
                      std::atomic<std::uint32_t>::is_always_lock_free,
                  "futex(2) wants the bare word");
};

}  // namespace

std::unique_ptr<Parking> make_futex_parking() { return std::make_unique<FutexParking>(); }

}  // namespace servicekit::os

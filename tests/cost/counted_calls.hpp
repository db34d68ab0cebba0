#pragma once

#include <ostream>

namespace servicekit::cost {

/// What a thread called: operator new and pthread_mutex_lock(3), both of which this program replaces.
struct Cost {
    long allocations = 0;
    long locks = 0;
    bool operator==(const Cost&) const = default;
};
inline std::ostream& operator<<(std::ostream& stream, const Cost& cost) {
    return stream << cost.allocations << " allocations, " << cost.locks << " locks";
}

inline constexpr Cost nothing{};

// The thread sanitizer has a pthread_mutex_lock() of its own, which must not be replaced.
#ifdef __SANITIZE_THREAD__
inline constexpr bool counts_locks = false;
#else
inline constexpr bool counts_locks = true;
#endif

/// \returns what this thread has called since it began
Cost cost_so_far() noexcept;

/// \returns what the call costs on this thread
template <class Call>
Cost cost_of(const Call& call) {
    const Cost before = cost_so_far();
    call();
    const Cost after = cost_so_far();
    return {after.allocations - before.allocations, after.locks - before.locks};
}

}  // namespace servicekit::cost

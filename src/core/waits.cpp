#include "core/waits.hpp"

#include <algorithm>
#include <chrono>

namespace servicekit {

bool Waits::wait_until(Time time, const std::stop_token& stop) const {
    using std::chrono::milliseconds;
    if (stop.stop_requested()) return false;
    const auto left = std::chrono::ceil<milliseconds>(time - clock_.steady_now());
    const auto parking = make_parking_();
    const std::stop_callback at_stop{stop, [&parking] { parking->unpark(); }};
    return !parking->park_for(std::max(left, milliseconds{0}));
}

const Waiting& real_waiting() {
    static const Waits waiting{os::posix_clock(), &os::make_posix_parking};
    return waiting;
}

}  // namespace servicekit

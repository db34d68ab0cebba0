#include "servicekit/os/clock.hpp"

namespace servicekit::os {
namespace {

class PosixClock final : public Clock {
public:
    std::chrono::steady_clock::time_point steady_now() const override { return std::chrono::steady_clock::now(); }
    std::chrono::system_clock::time_point system_now() const override { return std::chrono::system_clock::now(); }
};

}  // namespace

Clock& posix_clock() {
    static PosixClock clock;
    return clock;
}

}  // namespace servicekit::os

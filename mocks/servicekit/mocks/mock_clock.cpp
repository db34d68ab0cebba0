#include "servicekit/mocks/mock_clock.hpp"

namespace servicekit::mocks {

MockClock::MockClock() {
    using std::chrono::hours;
    ON_CALL(*this, steady_now).WillByDefault(::testing::Return(std::chrono::steady_clock::time_point{hours{1}}));
    ON_CALL(*this, boot_now).WillByDefault(::testing::Return(os::BootClock::time_point{hours{1}}));
    ON_CALL(*this, system_now).WillByDefault(::testing::Return(std::chrono::system_clock::time_point{hours{1}}));
}

MockClock::~MockClock() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockClock>;

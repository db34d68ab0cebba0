#include "servicekit/mocks/mock_interruptible_sleep.hpp"

namespace servicekit::mocks {

MockInterruptibleSleep::MockInterruptibleSleep() { ON_CALL(*this, sleep_for).WillByDefault(::testing::Return(true)); }

MockInterruptibleSleep::~MockInterruptibleSleep() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockInterruptibleSleep>;

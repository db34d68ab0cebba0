#include "servicekit/mocks/mock_event_loop.hpp"

namespace servicekit::mocks {

MockWatch::MockWatch() = default;
MockWatch::~MockWatch() = default;

MockTimer::MockTimer() = default;
MockTimer::~MockTimer() = default;

MockEventLoop::MockEventLoop() {
    ON_CALL(*this, watch).WillByDefault([] { return std::make_unique<::testing::NiceMock<MockWatch>>(); });
    ON_CALL(*this, timer).WillByDefault([] { return std::make_unique<::testing::NiceMock<MockTimer>>(); });
    ON_CALL(*this, post).WillByDefault([](const std::function<void()>& call) { call(); });
}

MockEventLoop::~MockEventLoop() = default;

MockParking::MockParking() = default;
MockParking::~MockParking() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockWatch>;
template class ::testing::NiceMock<servicekit::mocks::MockTimer>;
template class ::testing::NiceMock<servicekit::mocks::MockEventLoop>;
template class ::testing::NiceMock<servicekit::mocks::MockParking>;

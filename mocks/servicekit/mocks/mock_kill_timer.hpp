#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/kill_timer.hpp"

namespace servicekit::mocks {

/// By default each call succeeds, and nothing is killed.
class MockKillTimer : public os::KillTimer {
public:
    MockKillTimer();
    ~MockKillTimer() override;

    MOCK_METHOD(Result<void>, kill_at, (os::BootClock::time_point time), (override));
    MOCK_METHOD(void, cancel, (), (noexcept, override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockKillTimer>;

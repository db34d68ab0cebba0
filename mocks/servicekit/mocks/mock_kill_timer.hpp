#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/kill_timer.hpp"

namespace servicekit::mocks {

/// By default each call succeeds, and nothing is killed.
class MockKillTimer : public os::KillTimer {
public:
    MockKillTimer() {
        ON_CALL(*this, kill_at).WillByDefault([] { return Result<void>{}; });
    }

    MOCK_METHOD(Result<void>, kill_at, (os::BootClock::time_point time), (override));
    MOCK_METHOD(void, cancel, (), (noexcept, override));
};

}  // namespace servicekit::mocks

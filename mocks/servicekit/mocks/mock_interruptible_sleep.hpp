#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/interruptible_sleep.hpp"

namespace servicekit::mocks {

/// By default all of the time passes at once, without an interruption.
class MockInterruptibleSleep : public os::InterruptibleSleep {
public:
    MockInterruptibleSleep() { ON_CALL(*this, sleep_for).WillByDefault(::testing::Return(true)); }

    MOCK_METHOD(int, ended_by, (), (const, override));
    MOCK_METHOD(bool, sleep_for, (std::chrono::milliseconds time), (override));
};

}  // namespace servicekit::mocks

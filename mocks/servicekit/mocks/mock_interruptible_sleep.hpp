#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/interruptible_sleep.hpp"

namespace servicekit::mocks {

/// By default all of the time passes at once, without an interruption.
class MockInterruptibleSleep : public os::InterruptibleSleep {
public:
    MockInterruptibleSleep();
    ~MockInterruptibleSleep() override;

    MOCK_METHOD(int, ended_by, (), (const, override));
    MOCK_METHOD(bool, sleep_for, (std::chrono::milliseconds time), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockInterruptibleSleep>;

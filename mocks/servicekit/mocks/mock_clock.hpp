#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/clock.hpp"

namespace servicekit::mocks {

/// By default it always is one hour after each epoch.
class MockClock : public os::Clock {
public:
    MockClock();
    ~MockClock() override;

    MOCK_METHOD(std::chrono::steady_clock::time_point, steady_now, (), (const, override));
    MOCK_METHOD(os::BootClock::time_point, boot_now, (), (const, override));
    MOCK_METHOD(std::chrono::system_clock::time_point, system_now, (), (const, override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockClock>;

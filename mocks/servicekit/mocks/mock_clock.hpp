#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/clock.hpp"

namespace servicekit::mocks {

/// By default it always is one hour after each epoch.
class MockClock : public os::Clock {
public:
    MockClock() {
        using std::chrono::hours;
        ON_CALL(*this, steady_now).WillByDefault(::testing::Return(std::chrono::steady_clock::time_point{hours{1}}));
        ON_CALL(*this, boot_now).WillByDefault(::testing::Return(os::BootClock::time_point{hours{1}}));
        ON_CALL(*this, system_now).WillByDefault(::testing::Return(std::chrono::system_clock::time_point{hours{1}}));
    }

    MOCK_METHOD(std::chrono::steady_clock::time_point, steady_now, (), (const, override));
    MOCK_METHOD(os::BootClock::time_point, boot_now, (), (const, override));
    MOCK_METHOD(std::chrono::system_clock::time_point, system_now, (), (const, override));
};

}  // namespace servicekit::mocks

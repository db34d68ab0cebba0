#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/event_loop.hpp"

namespace servicekit::mocks {

class MockWatch : public os::Watch {
public:
    MockWatch();
    ~MockWatch() override;

    MOCK_METHOD(void, await_readable, (std::function<void()> callback), (override));
    MOCK_METHOD(void, await_writable, (std::function<void()> callback), (override));
    MOCK_METHOD(void, cancel, (), (override));
};

class MockTimer : public os::Timer {
public:
    MockTimer();
    ~MockTimer() override;

    MOCK_METHOD(void, start, (std::chrono::milliseconds from_now, std::function<void()> callback), (override));
    MOCK_METHOD(void, stop, (), (override));
};

/// By default nothing becomes ready, no timer expires, and posted calls are made at once.
class MockEventLoop : public os::EventLoop {
public:
    MockEventLoop();
    ~MockEventLoop() override;

    MOCK_METHOD(std::unique_ptr<os::Watch>, watch, (int descriptor), (override));
    MOCK_METHOD(std::unique_ptr<os::Timer>, timer, (), (override));
    MOCK_METHOD(void, post, (std::function<void()> call), (override));
    MOCK_METHOD(void, on_failure, (std::function<void(const Error&)> callback), (override));
    MOCK_METHOD(Result<void>, start, (), (override));
    MOCK_METHOD(Result<void>, start_on_demand, (os::EventLoop & starter, std::function<void()> prepare_thread),
                (override));
    MOCK_METHOD(bool, is_this_thread, (), (const, noexcept, override));
    MOCK_METHOD(void, stop, (), (override));
};

/// By default park() returns at once, and the time of park_for() is over at once.
class MockParking : public os::Parking {
public:
    MockParking();
    ~MockParking() override;

    MOCK_METHOD(void, park, (), (override));
    MOCK_METHOD(bool, park_for, (std::chrono::milliseconds at_most), (override));
    MOCK_METHOD(void, unpark, (), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockWatch>;
extern template class ::testing::NiceMock<servicekit::mocks::MockTimer>;
extern template class ::testing::NiceMock<servicekit::mocks::MockEventLoop>;
extern template class ::testing::NiceMock<servicekit::mocks::MockParking>;

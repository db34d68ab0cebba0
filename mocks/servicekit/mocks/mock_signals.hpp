#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/signals.hpp"

namespace servicekit::mocks {

/// By default the signals can be taken, and none arrives.
class MockSignals : public os::Signals {
public:
    MockSignals();
    ~MockSignals() override;

    MOCK_METHOD(Result<void>, note, (std::span<const int> kept, std::span<const int> ending), (override));
    MOCK_METHOD(std::vector<os::ReceivedSignal>, noted, (), (const, override));
    MOCK_METHOD(Result<void>, hold, (), (override));
    MOCK_METHOD(void, release_held, (), (override));
    MOCK_METHOD(void, forget_caller, (), (override));
    MOCK_METHOD(Result<void>, take,
                (std::span<const int> numbers, os::EventLoop& loop,
                 std::function<void(const os::ReceivedSignal&)> callback),
                (override));
    MOCK_METHOD(void, give_back, (), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockSignals>;

#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/boost_log.hpp"

namespace servicekit::mocks {

/// By default nothing is written, and what is shown is discarded.
class MockBoostLog : public os::BoostLog {
public:
    MockBoostLog();
    ~MockBoostLog() override;

    MOCK_METHOD(std::unique_ptr<Subscription>, subscribe, (Wants wants, Take take), (override));
    MOCK_METHOD(void, show, (const LogRecord& record), (noexcept, override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockBoostLog>;

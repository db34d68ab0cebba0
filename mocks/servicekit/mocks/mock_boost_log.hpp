#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/boost_log.hpp"

namespace servicekit::mocks {

/// By default nothing is written, and what is shown is discarded.
class MockBoostLog : public os::BoostLog {
public:
    MockBoostLog() {
        ON_CALL(*this, subscribe).WillByDefault([](const Wants&, const Take&) {
            return std::make_unique<Subscription>();
        });
    }

    MOCK_METHOD(std::unique_ptr<Subscription>, subscribe, (Wants wants, Take take), (override));
    MOCK_METHOD(void, show, (const LogRecord& record), (noexcept, override));
};

}  // namespace servicekit::mocks

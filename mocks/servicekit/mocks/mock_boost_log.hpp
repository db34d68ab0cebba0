#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/boost_log.hpp"

namespace servicekit::mocks {

/// By default nobody writes, and what is shown is forgotten.
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

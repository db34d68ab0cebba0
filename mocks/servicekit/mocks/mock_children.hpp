#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/children.hpp"

namespace servicekit::mocks {

/// By default the process adopts no orphans and has no children, and a body runs in the calling thread.
class MockChildren : public os::Children {
public:
    MockChildren();
    ~MockChildren() override;

    MOCK_METHOD(bool, adopts_orphans, (), (const, override));
    MOCK_METHOD(std::vector<pid_t>, ended, (), (override));
    MOCK_METHOD(void, reap, (pid_t child), (override));
    MOCK_METHOD(Result<void>, run_beside,
                (const std::function<void()>& body, std::chrono::milliseconds period,
                 const std::function<void()>& look),
                (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockChildren>;

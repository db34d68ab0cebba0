#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/threads.hpp"

namespace servicekit::mocks {

/// By default its call has returned.
class MockThread : public os::Thread {
public:
    MockThread();
    ~MockThread() override;

    MOCK_METHOD(bool, wait, (std::chrono::milliseconds at_most), (noexcept, override));
};

/// By default each thread is a NiceMock<MockThread>, and no call is made.
class MockThreads : public os::Threads {
public:
    MockThreads();
    ~MockThreads() override;

    MOCK_METHOD(Result<std::unique_ptr<os::Thread>>, start, (const std::string& name, std::function<void()> call),
                (override));
    MOCK_METHOD(void, yield, (), (noexcept, override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockThread>;
extern template class ::testing::NiceMock<servicekit::mocks::MockThreads>;

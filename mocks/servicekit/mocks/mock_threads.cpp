#include "servicekit/mocks/mock_threads.hpp"

namespace servicekit::mocks {

MockThread::MockThread() { ON_CALL(*this, wait).WillByDefault(::testing::Return(true)); }

MockThread::~MockThread() = default;

MockThreads::MockThreads() {
    ON_CALL(*this, start).WillByDefault([] {
        return Result<std::unique_ptr<os::Thread>>{std::make_unique<::testing::NiceMock<MockThread>>()};
    });
}

MockThreads::~MockThreads() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockThread>;
template class ::testing::NiceMock<servicekit::mocks::MockThreads>;

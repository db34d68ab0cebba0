#include "servicekit/mocks/mock_file_locks.hpp"

namespace servicekit::mocks {

MockFileLock::MockFileLock() { ON_CALL(*this, still_at_path).WillByDefault(::testing::Return(true)); }

MockFileLock::~MockFileLock() = default;

MockFileLocks::MockFileLocks() {
    ON_CALL(*this, try_lock).WillByDefault([] {
        return Result<os::LockAttempt>{os::LockAttempt{.lock = std::make_unique<::testing::NiceMock<MockFileLock>>()}};
    });
    ON_CALL(*this, owner)
        .WillByDefault(::testing::Return(Result<std::optional<os::LockOwner>>{std::optional<os::LockOwner>{}}));
}

MockFileLocks::~MockFileLocks() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockFileLock>;
template class ::testing::NiceMock<servicekit::mocks::MockFileLocks>;

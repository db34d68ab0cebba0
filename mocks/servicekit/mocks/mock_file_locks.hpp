#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/file_locks.hpp"

namespace servicekit::mocks {

/// By default the lock stays valid.
class MockFileLock : public os::FileLock {
public:
    MockFileLock() { ON_CALL(*this, still_at_path).WillByDefault(::testing::Return(true)); }

    MOCK_METHOD(Result<void>, write, (std::string_view content), (override));
    MOCK_METHOD(os::FileIdentity, file, (), (const, override));
    MOCK_METHOD(bool, still_at_path, (), (const, override));
};

/// By default every lock is free and can be acquired.
class MockFileLocks : public os::FileLocks {
public:
    MockFileLocks() {
        ON_CALL(*this, try_lock).WillByDefault([] {
            return Result<os::LockAttempt>{
                os::LockAttempt{.lock = std::make_unique<::testing::NiceMock<MockFileLock>>()}};
        });
        ON_CALL(*this, owner)
            .WillByDefault(::testing::Return(Result<std::optional<os::LockOwner>>{std::optional<os::LockOwner>{}}));
    }

    MOCK_METHOD(Result<os::LockAttempt>, try_lock, (const std::string& path, mode_t permissions), (override));
    MOCK_METHOD(Result<std::optional<os::LockOwner>>, owner, (const std::string& path, os::Look look), (override));
};

}  // namespace servicekit::mocks

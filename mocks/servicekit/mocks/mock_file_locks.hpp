#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/file_locks.hpp"

namespace servicekit::mocks {

/// By default the lock stays valid.
class MockFileLock : public os::FileLock {
public:
    MockFileLock();
    ~MockFileLock() override;

    MOCK_METHOD(Result<void>, write, (std::string_view content), (override));
    MOCK_METHOD(os::FileIdentity, file, (), (const, override));
    MOCK_METHOD(bool, still_at_path, (), (const, override));
};

/// By default every lock is free and can be acquired.
class MockFileLocks : public os::FileLocks {
public:
    MockFileLocks();
    ~MockFileLocks() override;

    MOCK_METHOD(Result<os::LockAttempt>, try_lock, (const std::string& path, mode_t permissions), (override));
    MOCK_METHOD(Result<std::optional<os::LockOwner>>, owner, (const std::string& path, os::Look look), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockFileLock>;
extern template class ::testing::NiceMock<servicekit::mocks::MockFileLocks>;

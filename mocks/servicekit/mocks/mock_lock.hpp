#pragma once

#include <gmock/gmock.h>

#include "servicekit/policy/lock_policy.hpp"

namespace servicekit::mocks {

/// By default it is free, acquired at once, and never lost. It has one level: contend() wins at once.
class MockLock : public LockPolicy {
public:
    MockLock();
    ~MockLock() override;

    MOCK_METHOD(void, configure, (const Deployment& deployment), (override));
    MOCK_METHOD(Result<Acquisition>, acquire, (LockWait wait, const std::stop_token& stop), (override));
    MOCK_METHOD(Result<std::optional<Owner>>, owner, (), (override));
    MOCK_METHOD(bool, tells_owner, (), (const, override));
    MOCK_METHOD(Object, status_fields, (), (const, override));
    MOCK_METHOD(void, release, (), (noexcept, override));
    MOCK_METHOD(bool, has_standby, (), (const, override));
    MOCK_METHOD(Result<void>, contend, (Contender & contender, const std::stop_token& stop), (override));
    MOCK_METHOD(Result<bool>, has_successor, (), (override));
    MOCK_METHOD(void, stand_down, (), (noexcept, override));
    MOCK_METHOD(bool, is_active, (), (const, noexcept, override));
    MOCK_METHOD(std::optional<std::uint64_t>, token, (), (const, override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockLock>;

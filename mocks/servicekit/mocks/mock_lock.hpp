#pragma once

#include <gmock/gmock.h>

#include "servicekit/policy/lock_policy.hpp"

namespace servicekit::mocks {

/// By default it is free, acquired at once, and never lost.
class MockLock : public LockPolicy {
public:
    MockLock() {
        ON_CALL(*this, acquire).WillByDefault([] { return Result<Acquisition>{Acquisition{}}; });
        ON_CALL(*this, tells_owner).WillByDefault(::testing::Return(true));
        ON_CALL(*this, owner).WillByDefault(::testing::Return(Result<std::optional<Owner>>{std::optional<Owner>{}}));
    }

    MOCK_METHOD(void, configure, (const Deployment& deployment), (override));
    MOCK_METHOD(Result<Acquisition>, acquire, (LockWait wait, const std::stop_token& stop), (override));
    MOCK_METHOD(Result<std::optional<Owner>>, owner, (), (override));
    MOCK_METHOD(bool, tells_owner, (), (const, override));
    MOCK_METHOD(std::optional<std::uint64_t>, token, (), (const, override));
    MOCK_METHOD(Object, status_fields, (), (const, override));
    MOCK_METHOD(void, release, (), (noexcept, override));
    MOCK_METHOD(void, on_lost, (std::function<void(const Error&)> callback), (override));
};

}  // namespace servicekit::mocks

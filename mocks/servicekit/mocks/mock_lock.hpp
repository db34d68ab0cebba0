#pragma once

#include <gmock/gmock.h>

#include "servicekit/contract/lock.hpp"

namespace servicekit::mocks {

/// By default nobody has it, it is acquired at once, held from then on, and never lost.
class MockLock : public contract::Lock {
public:
    MockLock() {
        ON_CALL(*this, acquire).WillByDefault([] { return Result<contract::Acquisition>{contract::Acquisition{}}; });
        ON_CALL(*this, tells_owner).WillByDefault(::testing::Return(true));
        ON_CALL(*this, held).WillByDefault(::testing::Return(true));
        ON_CALL(*this, owner)
            .WillByDefault(::testing::Return(Result<std::optional<contract::Owner>>{std::optional<contract::Owner>{}}));
    }

    MOCK_METHOD(void, configure, (const contract::Deployment& deployment), (override));
    MOCK_METHOD(Result<contract::Acquisition>, acquire, (contract::LockWait wait, const std::stop_token& stop),
                (override));
    MOCK_METHOD(bool, held, (), (const, override));
    MOCK_METHOD(Result<std::optional<contract::Owner>>, owner, (), (override));
    MOCK_METHOD(bool, tells_owner, (), (const, override));
    MOCK_METHOD(std::optional<std::uint64_t>, token, (), (const, override));
    MOCK_METHOD(Object, status_fields, (), (const, override));
    MOCK_METHOD(Result<void>, hand_to, (uid_t uid, gid_t gid), (override));
    MOCK_METHOD(void, release, (), (noexcept, override));
    MOCK_METHOD(void, on_lost, (std::function<void(const Error&)> callback), (override));
};

}  // namespace servicekit::mocks

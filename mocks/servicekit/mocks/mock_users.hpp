#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/users.hpp"

namespace servicekit::mocks {

/// By default there are no users and no groups, and the process can become any user.
class MockUsers : public os::Users {
public:
    MockUsers();
    ~MockUsers() override;

    MOCK_METHOD(bool, is_one_user, (uid_t uid), (const, override));
    MOCK_METHOD(Result<std::optional<os::User>>, find_user, (const std::string& name_or_uid), (override));
    MOCK_METHOD(Result<std::optional<gid_t>>, find_group, (const std::string& name_or_gid), (override));
    MOCK_METHOD(void, prepare, (const os::User& user, gid_t group), (override));
    MOCK_METHOD(Result<void>, become, (const os::User& user, gid_t group, std::span<const gid_t> may_keep), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockUsers>;

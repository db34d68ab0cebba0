#include "servicekit/mocks/mock_users.hpp"

namespace servicekit::mocks {

MockUsers::MockUsers() {
    ON_CALL(*this, find_user)
        .WillByDefault(::testing::Return(Result<std::optional<os::User>>{std::optional<os::User>{}}));
    ON_CALL(*this, find_group).WillByDefault(::testing::Return(Result<std::optional<gid_t>>{std::optional<gid_t>{}}));
    ON_CALL(*this, is_one_user).WillByDefault(::testing::Return(true));
}

MockUsers::~MockUsers() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockUsers>;

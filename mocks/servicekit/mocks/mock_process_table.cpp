#include "servicekit/mocks/mock_process_table.hpp"

namespace servicekit::mocks {

MockProcessTable::MockProcessTable() {
    ON_CALL(*this, effective_user_of).WillByDefault(::testing::Return(std::optional<uid_t>{0U}));
    ON_CALL(*this, signal).WillByDefault([](pid_t, int, const std::function<bool()>& still_meant) {
        return Result<bool>{still_meant()};
    });
    ON_CALL(*this, wait_for_end).WillByDefault(::testing::Return(true));
}

MockProcessTable::~MockProcessTable() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockProcessTable>;

#include "servicekit/mocks/mock_lock.hpp"

namespace servicekit::mocks {

MockLock::MockLock() {
    ON_CALL(*this, acquire).WillByDefault([] { return Result<Acquisition>{Acquisition{}}; });
    ON_CALL(*this, tells_owner).WillByDefault(::testing::Return(true));
    ON_CALL(*this, contend).WillByDefault([](Contender& contender, const std::stop_token& /*stop*/) {
        contender.won();
        return Result<void>{};
    });
    ON_CALL(*this, has_successor).WillByDefault(::testing::Return(Result<bool>{false}));
    ON_CALL(*this, is_active).WillByDefault(::testing::Return(true));
    ON_CALL(*this, owner).WillByDefault(::testing::Return(Result<std::optional<Owner>>{std::optional<Owner>{}}));
}

MockLock::~MockLock() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockLock>;

#include "servicekit/mocks/mock_kill_timer.hpp"

namespace servicekit::mocks {

MockKillTimer::MockKillTimer() {
    ON_CALL(*this, kill_at).WillByDefault([] { return Result<void>{}; });
}

MockKillTimer::~MockKillTimer() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockKillTimer>;

#include "servicekit/mocks/mock_daemon.hpp"

namespace servicekit::mocks {

MockDaemon::MockDaemon() {
    ON_CALL(*this, has_background).WillByDefault(::testing::Return(true));
    ON_CALL(*this, enter).WillByDefault(::testing::Return(Result<Role>{Role::service}));
    ON_CALL(*this, run_service).WillByDefault([](const std::function<void()>& body) -> Result<void> {
        body();
        return {};
    });
}

MockDaemon::~MockDaemon() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockDaemon>;

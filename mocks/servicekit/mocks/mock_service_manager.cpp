#include "servicekit/mocks/mock_service_manager.hpp"

namespace servicekit::mocks {

MockNotifySocket::MockNotifySocket() = default;
MockNotifySocket::~MockNotifySocket() = default;

MockServiceManager::MockServiceManager() {
    ON_CALL(*this, take_listen_sockets).WillByDefault([] { return Result{std::vector<os::ListenSocket>{}}; });
    ON_CALL(*this, take_notify_socket).WillByDefault([] { return Result<std::unique_ptr<os::NotifySocket>>{nullptr}; });
}

MockServiceManager::~MockServiceManager() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockNotifySocket>;
template class ::testing::NiceMock<servicekit::mocks::MockServiceManager>;

#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/service_manager.hpp"

namespace servicekit::mocks {

class MockNotifySocket : public os::NotifySocket {
public:
    MockNotifySocket();
    ~MockNotifySocket() override;

    MOCK_METHOD(Result<void>, send, (std::string_view message), (override));
};

/// By default there is no manager.
class MockServiceManager : public os::ServiceManager {
public:
    MockServiceManager();
    ~MockServiceManager() override;

    MOCK_METHOD(Result<std::vector<os::ListenSocket>>, take_listen_sockets, (), (override));
    MOCK_METHOD(Result<std::unique_ptr<os::NotifySocket>>, take_notify_socket, (), (override));
    MOCK_METHOD(std::optional<std::chrono::microseconds>, take_watchdog, (), (override));
    MOCK_METHOD(bool, has_journal_on_stderr, (), (const, override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockNotifySocket>;
extern template class ::testing::NiceMock<servicekit::mocks::MockServiceManager>;

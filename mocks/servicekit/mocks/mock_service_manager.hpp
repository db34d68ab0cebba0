#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/service_manager.hpp"

namespace servicekit::mocks {

class MockNotifySocket : public os::NotifySocket {
public:
    MOCK_METHOD(Result<void>, send, (std::string_view message), (override));
};

/// By default there is no manager.
class MockServiceManager : public os::ServiceManager {
public:
    MockServiceManager() {
        ON_CALL(*this, take_listen_sockets).WillByDefault([] { return Result{std::vector<os::ListenSocket>{}}; });
        ON_CALL(*this, take_notify_socket).WillByDefault([] {
            return Result<std::unique_ptr<os::NotifySocket>>{nullptr};
        });
    }

    MOCK_METHOD(Result<std::vector<os::ListenSocket>>, take_listen_sockets, (), (override));
    MOCK_METHOD(Result<std::unique_ptr<os::NotifySocket>>, take_notify_socket, (), (override));
    MOCK_METHOD(std::optional<std::chrono::microseconds>, take_watchdog, (), (override));
    MOCK_METHOD(bool, has_journal_on_stderr, (), (const, override));
};

}  // namespace servicekit::mocks

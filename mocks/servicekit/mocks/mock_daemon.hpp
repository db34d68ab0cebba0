#pragma once

#include <gmock/gmock.h>

#include <functional>

#include "servicekit/policy/daemon_policy.hpp"

namespace servicekit::mocks {

/// By default it can go to the background, enter() returns in the service, and run_service() runs the body.
class MockDaemon : public DaemonPolicy {
public:
    MockDaemon();
    ~MockDaemon() override;

    MOCK_METHOD(void, configure, (const Deployment& deployment), (override));
    MOCK_METHOD(bool, has_background, (), (const, override));
    MOCK_METHOD(bool, notifies_manager, (), (const, override));
    MOCK_METHOD(Result<Role>, enter, (), (override));
    MOCK_METHOD(Result<void>, run_service, (const std::function<void()>& body), (override));
    MOCK_METHOD(void, logs_to, (const std::vector<std::string>& files), (override));
    MOCK_METHOD(void, crashed, (std::string_view what), (noexcept, override));
    MOCK_METHOD(void, ready, (), (override));
    MOCK_METHOD(void, failed, (const Error& error), (override));
    MOCK_METHOD(void, reloading, (), (override));
    MOCK_METHOD(void, stopping, (), (override));
    MOCK_METHOD(void, status, (std::string_view text), (override));
    MOCK_METHOD(void, extend, (std::chrono::milliseconds), (override));
    MOCK_METHOD(std::optional<std::chrono::milliseconds>, alive_interval, (), (const, override));
    MOCK_METHOD(void, alive, (), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockDaemon>;

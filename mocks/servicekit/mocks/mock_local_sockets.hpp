#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/local_sockets.hpp"

namespace servicekit::mocks {

/// By default nothing arrives, everything is sent, and the peer is process 4712 of root.
class MockLocalConnection : public os::LocalConnection {
public:
    MockLocalConnection();
    ~MockLocalConnection() override;

    MOCK_METHOD(os::Transfer, receive, (std::span<char> buffer), (override));
    MOCK_METHOD(os::Transfer, send, (std::string_view bytes), (override));
    MOCK_METHOD(void, shut_down_sending, (), (override));
    MOCK_METHOD(Peer, peer, (), (const, override));
    MOCK_METHOD(std::vector<gid_t>, peer_groups, (), (const, override));
    MOCK_METHOD(int, descriptor, (), (const, override));
    MOCK_METHOD(bool, wait_until_readable, (std::chrono::milliseconds at_most), (override));
    MOCK_METHOD(bool, wait_until_writable, (std::chrono::milliseconds at_most), (override));
};

/// By default no client waits to be accepted.
class MockLocalListener : public os::LocalListener {
public:
    MockLocalListener();
    ~MockLocalListener() override;

    MOCK_METHOD(Result<std::unique_ptr<os::LocalConnection>>, accept, (), (override));
    MOCK_METHOD(Result<void>, remove_file, (), (override));
    MOCK_METHOD(Result<void>, change_owner, (uid_t uid, gid_t gid), (override));
    MOCK_METHOD(Result<gid_t>, group, (), (const, override));
    MOCK_METHOD(int, descriptor, (), (const, override));
};

/// By default a process can listen at every path and connect to every path, but a probe finds no listener.
class MockLocalSockets : public os::LocalSockets {
public:
    MockLocalSockets();
    ~MockLocalSockets() override;

    MOCK_METHOD(Result<std::unique_ptr<os::LocalListener>>, listen,
                (const std::string& path, const os::LocalSocketAccess& access), (override));
    MOCK_METHOD(Result<std::unique_ptr<os::LocalListener>>, adopt, (int descriptor, const std::string& path),
                (override));
    MOCK_METHOD(Result<std::unique_ptr<os::LocalConnection>>, connect, (const std::string& path), (override));
    MOCK_METHOD(Result<std::unique_ptr<os::LocalConnection>>, try_connect, (const std::string& path, os::Links links),
                (override));
    MOCK_METHOD(Result<os::Listening>, probe, (const std::string& path), (override));
    MOCK_METHOD(bool, is_left_to_manager, (const std::string& path), (override));
    MOCK_METHOD(std::vector<std::string>, paths_of_managers, (), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockLocalConnection>;
extern template class ::testing::NiceMock<servicekit::mocks::MockLocalListener>;
extern template class ::testing::NiceMock<servicekit::mocks::MockLocalSockets>;

#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/local_sockets.hpp"

namespace servicekit::mocks {

/// By default nothing arrives, everything is sent, and the peer is process 4712 of root.
class MockLocalConnection : public os::LocalConnection {
public:
    MockLocalConnection() {
        ON_CALL(*this, receive)
            .WillByDefault(::testing::Return(os::Transfer{.state = os::Transfer::State::would_block}));
        ON_CALL(*this, send).WillByDefault([](std::string_view bytes) { return os::Transfer{.bytes = bytes.size()}; });
        ON_CALL(*this, peer).WillByDefault(::testing::Return(Peer{.pid = 4712, .uid = 0, .gid = 0}));
        ON_CALL(*this, descriptor).WillByDefault(::testing::Return(-1));
        ON_CALL(*this, wait_until_readable).WillByDefault(::testing::Return(true));
        ON_CALL(*this, wait_until_writable).WillByDefault(::testing::Return(true));
    }

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
    MockLocalListener() {
        ON_CALL(*this, accept).WillByDefault([] { return Result<std::unique_ptr<os::LocalConnection>>{nullptr}; });
        ON_CALL(*this, group).WillByDefault(::testing::Return(Result<gid_t>{0}));
        ON_CALL(*this, descriptor).WillByDefault(::testing::Return(-1));
    }

    MOCK_METHOD(Result<std::unique_ptr<os::LocalConnection>>, accept, (), (override));
    MOCK_METHOD(Result<void>, remove_file, (), (override));
    MOCK_METHOD(Result<void>, change_owner, (uid_t uid, gid_t gid), (override));
    MOCK_METHOD(Result<gid_t>, group, (), (const, override));
    MOCK_METHOD(int, descriptor, (), (const, override));
};

/// By default a process can listen at every path and connect to every path, but a probe finds no listener.
class MockLocalSockets : public os::LocalSockets {
public:
    MockLocalSockets() {
        ON_CALL(*this, listen).WillByDefault([] {
            return Result<std::unique_ptr<os::LocalListener>>{
                std::make_unique<::testing::NiceMock<MockLocalListener>>()};
        });
        ON_CALL(*this, adopt).WillByDefault([] {
            return Result<std::unique_ptr<os::LocalListener>>{
                std::make_unique<::testing::NiceMock<MockLocalListener>>()};
        });
        ON_CALL(*this, connect).WillByDefault([] {
            return Result<std::unique_ptr<os::LocalConnection>>{
                std::make_unique<::testing::NiceMock<MockLocalConnection>>()};
        });
        ON_CALL(*this, try_connect).WillByDefault([] {
            return Result<std::unique_ptr<os::LocalConnection>>{
                std::make_unique<::testing::NiceMock<MockLocalConnection>>()};
        });
        ON_CALL(*this, probe).WillByDefault(::testing::Return(Result<os::Listening>{os::Listening::nothing}));
    }

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

#include "servicekit/mocks/mock_local_sockets.hpp"

namespace servicekit::mocks {

MockLocalConnection::MockLocalConnection() {
    ON_CALL(*this, receive).WillByDefault(::testing::Return(os::Transfer{.state = os::Transfer::State::would_block}));
    ON_CALL(*this, send).WillByDefault([](std::string_view bytes) { return os::Transfer{.bytes = bytes.size()}; });
    ON_CALL(*this, peer).WillByDefault(::testing::Return(Peer{.pid = 4712, .uid = 0, .gid = 0}));
    ON_CALL(*this, descriptor).WillByDefault(::testing::Return(-1));
    ON_CALL(*this, wait_until_readable).WillByDefault(::testing::Return(true));
    ON_CALL(*this, wait_until_writable).WillByDefault(::testing::Return(true));
}

MockLocalConnection::~MockLocalConnection() = default;

MockLocalListener::MockLocalListener() {
    ON_CALL(*this, accept).WillByDefault([] { return Result<std::unique_ptr<os::LocalConnection>>{nullptr}; });
    ON_CALL(*this, group).WillByDefault(::testing::Return(Result<gid_t>{0}));
    ON_CALL(*this, descriptor).WillByDefault(::testing::Return(-1));
}

MockLocalListener::~MockLocalListener() = default;

MockLocalSockets::MockLocalSockets() {
    ON_CALL(*this, listen).WillByDefault([] {
        return Result<std::unique_ptr<os::LocalListener>>{std::make_unique<::testing::NiceMock<MockLocalListener>>()};
    });
    ON_CALL(*this, adopt).WillByDefault([] {
        return Result<std::unique_ptr<os::LocalListener>>{std::make_unique<::testing::NiceMock<MockLocalListener>>()};
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

MockLocalSockets::~MockLocalSockets() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockLocalConnection>;
template class ::testing::NiceMock<servicekit::mocks::MockLocalListener>;
template class ::testing::NiceMock<servicekit::mocks::MockLocalSockets>;

#pragma once

#include <gmock/gmock.h>

#include "servicekit/os/message_sockets.hpp"

namespace servicekit::mocks {

/// By default it accepts every message, as a datagram.
class MockMessageSocket : public os::MessageSocket {
public:
    MockMessageSocket();
    ~MockMessageSocket() override;

    MOCK_METHOD(Kind, kind, (), (const, override));
    MOCK_METHOD(os::Transfer, send, (std::string_view message, std::chrono::milliseconds at_most), (override));
    MOCK_METHOD(os::Transfer, send_in_file, (std::string_view message, std::chrono::milliseconds at_most), (override));
};

/// By default there is no listener.
class MockMessageSockets : public os::MessageSockets {
public:
    MockMessageSockets();
    ~MockMessageSockets() override;

    MOCK_METHOD(Result<std::unique_ptr<os::MessageSocket>>, connect, (const std::string& path), (override));
};

}  // namespace servicekit::mocks

extern template class ::testing::NiceMock<servicekit::mocks::MockMessageSocket>;
extern template class ::testing::NiceMock<servicekit::mocks::MockMessageSockets>;

#pragma once

#include <gmock/gmock.h>

#include <cerrno>

#include "servicekit/os/message_sockets.hpp"

namespace servicekit::mocks {

/// By default it accepts every message, as a datagram.
class MockMessageSocket : public os::MessageSocket {
public:
    MockMessageSocket() {
        const auto take = [](std::string_view message, std::chrono::milliseconds) {
            return os::Transfer{.bytes = message.size()};
        };
        ON_CALL(*this, send).WillByDefault(take);
        ON_CALL(*this, send_in_file).WillByDefault(take);
    }

    MOCK_METHOD(Kind, kind, (), (const, override));
    MOCK_METHOD(os::Transfer, send, (std::string_view message, std::chrono::milliseconds at_most), (override));
    MOCK_METHOD(os::Transfer, send_in_file, (std::string_view message, std::chrono::milliseconds at_most), (override));
};

/// By default there is no listener.
class MockMessageSockets : public os::MessageSockets {
public:
    MockMessageSockets() {
        ON_CALL(*this, connect)
            .WillByDefault([](const std::string& path) -> Result<std::unique_ptr<os::MessageSocket>> {
                return os_error("connect to", path, ECONNREFUSED);
            });
    }

    MOCK_METHOD(Result<std::unique_ptr<os::MessageSocket>>, connect, (const std::string& path), (override));
};

}  // namespace servicekit::mocks

#include "servicekit/mocks/mock_message_sockets.hpp"

#include <cerrno>

namespace servicekit::mocks {

MockMessageSocket::MockMessageSocket() {
    const auto take = [](std::string_view message, std::chrono::milliseconds) {
        return os::Transfer{.bytes = message.size()};
    };
    ON_CALL(*this, send).WillByDefault(take);
    ON_CALL(*this, send_in_file).WillByDefault(take);
}

MockMessageSocket::~MockMessageSocket() = default;

MockMessageSockets::MockMessageSockets() {
    ON_CALL(*this, connect).WillByDefault([](const std::string& path) -> Result<std::unique_ptr<os::MessageSocket>> {
        return os_error("connect to", path, ECONNREFUSED);
    });
}

MockMessageSockets::~MockMessageSockets() = default;

}  // namespace servicekit::mocks

template class ::testing::NiceMock<servicekit::mocks::MockMessageSocket>;
template class ::testing::NiceMock<servicekit::mocks::MockMessageSockets>;

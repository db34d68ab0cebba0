#include "servicekit/mocks/fake_client.hpp"

namespace servicekit::mocks {

std::string FakeClient::receive() {
    std::string text(stream_->unread(end), '\0');
    if (!text.empty()) stream_->receive(end, text);
    return text;
}

std::string FakeClient::receive_all() {
    std::string text;
    for (;;) {
        reactor_->run_ready();
        const std::string part = receive();
        if (part.empty()) return text;
        text += part;
    }
}

}  // namespace servicekit::mocks

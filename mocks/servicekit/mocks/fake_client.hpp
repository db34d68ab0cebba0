#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/mocks/fake_stream.hpp"

namespace servicekit::mocks {

/// The test's end of a connection to what listens on fake sockets. Closed when destroyed.
class FakeClient {
public:
    FakeClient(std::shared_ptr<FakeStream> stream, FakeReactor& reactor)
        : stream_{std::move(stream)}, reactor_{&reactor} {}
    ~FakeClient() { close(); }
    FakeClient(const FakeClient&) = delete;
    FakeClient& operator=(const FakeClient&) = delete;
    FakeClient(FakeClient&&) noexcept = default;
    FakeClient& operator=(FakeClient&& other) noexcept {
        if (this == &other) return *this;
        close();
        stream_ = std::move(other.stream_);
        reactor_ = other.reactor_;
        return *this;
    }

    /// All of it, even if the other side reads it only bit by bit.
    void send(std::string_view text) { stream_->send_all(end, text); }
    /// What has come, without waiting: as much as the socket's buffer holds at most.
    std::string receive();
    /// Turns the reactor until nothing more comes. In a step of FakeReactor::when_idle() no event that runs on the
    /// thread that is idle can answer here: look for its answer in the next step.
    std::string receive_all();
    /// send() and then receive_all().
    std::string ask(std::string_view text) {
        send(text);
        return receive_all();
    }
    /// What the client does at once when something comes, once: before the send() that brought it is back, as it may on
    /// another processor.
    void when_something_comes(std::function<void()> callback) {
        stream_->when_something_comes(end, std::move(callback));
    }
    /// Nothing more will be sent; what comes can be received still.
    void half_close() { stream_->shut_down_sending(end); }
    void close() {
        if (stream_ != nullptr) stream_->close(end);
    }

    /// Whether the other side has ended its sending, and all that came was received.
    [[nodiscard]] bool is_at_end() const { return stream_->is_at_end(end); }
    /// Whether the other side closed without having read everything.
    [[nodiscard]] bool was_reset() const { return stream_->was_reset(end); }

private:
    static constexpr auto end = FakeStream::End::client;

    std::shared_ptr<FakeStream> stream_;
    FakeReactor* reactor_;
};

}  // namespace servicekit::mocks

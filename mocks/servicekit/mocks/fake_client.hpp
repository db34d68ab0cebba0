#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/mocks/fake_stream.hpp"

namespace servicekit::mocks {

/// The test's end of a connection to a listener on fake sockets. Closed when destroyed.
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

    /// Sends all of the text, even if the other side reads it bit by bit.
    void send(std::string_view text) { stream_->send_all(end, text); }
    /// Returns what has arrived, without waiting. Returns at most what the socket's buffer holds.
    std::string receive();
    /// Turns the reactor until nothing more arrives. In a step of FakeReactor::when_idle(), an event on the idle thread
    /// cannot reply during this call: check for the reply in the next step.
    std::string receive_all();
    /// Calls send() and then receive_all().
    std::string ask(std::string_view text) {
        send(text);
        return receive_all();
    }
    /// Calls `callback` once, when something arrives. It is called before the send() that brought it has returned, as
    /// if the client were on another processor.
    void when_something_comes(std::function<void()> callback) {
        stream_->when_something_comes(end, std::move(callback));
    }
    /// Ends the sending; the client can still receive.
    void half_close() { stream_->shut_down_sending(end); }
    void close() {
        if (stream_ != nullptr) stream_->close(end);
    }

    /// Returns true if the other side has ended its sending and everything was received.
    [[nodiscard]] bool is_at_end() const { return stream_->is_at_end(end); }
    /// Returns true if the other side closed before it had read everything.
    [[nodiscard]] bool was_reset() const { return stream_->was_reset(end); }

private:
    static constexpr auto end = FakeStream::End::client;

    std::shared_ptr<FakeStream> stream_;
    FakeReactor* reactor_;
};

}  // namespace servicekit::mocks

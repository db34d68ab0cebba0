#include "servicekit/mocks/fake_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace servicekit::mocks {

using State = os::Transfer::State;

FakeStream::FakeStream(Peer server, Peer client, std::size_t capacity)
    : capacity_{capacity}, sockets_{Socket{.who = std::move(server)}, Socket{.who = std::move(client)}} {}

os::Transfer FakeStream::receive(End end, std::span<char> buffer) {
    Socket& own = socket(end);
    if (!own.inbox.empty()) {
        const std::size_t count = own.inbox.copy(buffer.data(), buffer.size());
        own.inbox.erase(0, count);
        let_follow(own);
        return {.bytes = count};
    }
    if (own.reset && !std::exchange(own.reset_told, true)) return {.state = State::failed, .errno_value = ECONNRESET};
    if (is_at_end(end)) return {.state = State::closed};
    return {.state = State::would_block, .errno_value = EAGAIN};
}

os::Transfer FakeStream::send(End end, std::string_view bytes) {
    Socket& goal = socket(other(end));
    if (socket(end).sending_ended || goal.closed) return {.state = State::closed, .errno_value = EPIPE};
    if (bytes.empty()) return {};
    const std::size_t count = std::min(bytes.size(), room(goal));
    if (count == 0) return {.state = State::would_block, .errno_value = EAGAIN};
    goal.inbox += bytes.substr(0, count);
    if (const auto callback = std::exchange(goal.when_something_comes, nullptr)) callback();
    return {.bytes = count};
}

void FakeStream::send_all(End end, std::string_view bytes) {
    Socket& goal = socket(other(end));
    if (socket(end).sending_ended || goal.closed) return;
    goal.following += bytes;
    let_follow(goal);
}

void FakeStream::shut_down_sending(End end) { socket(end).sending_ended = true; }

void FakeStream::close(End end) {
    Socket& own = socket(end);
    if (std::exchange(own.closed, true)) return;
    own.sending_ended = true;
    if (!own.inbox.empty()) socket(other(end)).reset = true;
    own.inbox.clear();
    own.following.clear();
}

bool FakeStream::is_readable(End end) const {
    const Socket& own = socket(end);
    return !own.inbox.empty() || (own.reset && !own.reset_told) || is_at_end(end);
}

bool FakeStream::is_writable(End end) const {
    const Socket& goal = socket(other(end));
    return goal.closed || room(goal) > 0;
}

bool FakeStream::is_at_end(End end) const {
    const Socket& own = socket(end);
    return own.inbox.empty() && own.following.empty() && socket(other(end)).sending_ended;
}

std::size_t FakeStream::room(const Socket& goal) const {
    return goal.following.empty() ? capacity_ - goal.inbox.size() : 0;
}

void FakeStream::let_follow(Socket& goal) {
    const std::size_t count = std::min(goal.following.size(), capacity_ - goal.inbox.size());
    goal.inbox.append(goal.following, 0, count);
    goal.following.erase(0, count);
}

}  // namespace servicekit::mocks

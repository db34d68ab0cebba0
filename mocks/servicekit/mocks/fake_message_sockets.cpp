#include "servicekit/mocks/fake_message_sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace servicekit::mocks {

using State = os::Transfer::State;

class FakeMessageSockets::Socket final : public os::MessageSocket {
public:
    Socket(std::shared_ptr<Machine> machine, std::shared_ptr<Receiver> receiver, std::string path)
        : machine_{std::move(machine)}, receiver_{std::move(receiver)}, path_{std::move(path)} {}

    [[nodiscard]] Kind kind() const override { return receiver_->kind; }
    os::Transfer send(std::string_view message, std::chrono::milliseconds at_most) override {
        machine_->last_patience = at_most;
        if (const auto failure = machine_->failures.due("send", path_)) return failed(*failure);
        if (kind() == Kind::datagram && message.size() > machine_->longest) return failed(EMSGSIZE);
        return take(message, false);
    }
    os::Transfer send_in_file(std::string_view message, std::chrono::milliseconds at_most) override {
        machine_->last_patience = at_most;
        if (const auto failure = machine_->failures.due("send_in_file", path_)) return failed(*failure);
        return take(message, true);
    }

private:
    static os::Transfer failed(int errno_value) { return {.state = State::failed, .errno_value = errno_value}; }

    os::Transfer take(std::string_view message, bool in_file) {
        const bool is_stream = kind() == Kind::stream;
        if (receiver_->is_closed)
            return is_stream ? os::Transfer{.state = State::closed, .errno_value = EPIPE} : failed(ECONNREFUSED);
        auto& room = receiver_->room;
        const std::size_t fits = room.value_or(message.size());
        if (fits == 0 || (fits < message.size() && !is_stream))
            return {.state = State::would_block, .errno_value = EAGAIN};
        const std::string_view taken = message.substr(0, fits);
        if (room) *room -= taken.size();
        machine_->messages[path_].push_back({.text = std::string{taken}, .came_in_file = in_file});
        return {.bytes = taken.size()};
    }

    std::shared_ptr<Machine> machine_;
    std::shared_ptr<Receiver> receiver_;
    std::string path_;
};

Result<std::unique_ptr<os::MessageSocket>> FakeMessageSockets::connect(const std::string& path) {
    if (const auto failure = machine_->failures.due("connect", path)) return os_error("connect to", path, *failure);
    const auto found = machine_->receivers.find(path);
    if (found == machine_->receivers.end()) return os_error("connect to", path, ENOENT);
    ++machine_->connections;
    return std::unique_ptr<os::MessageSocket>{std::make_unique<Socket>(machine_, found->second, path)};
}

void FakeMessageSockets::listen(const std::string& path, Kind kind) {
    close(path);
    machine_->receivers.emplace(path, std::make_shared<Receiver>(Receiver{.kind = kind}));
}

void FakeMessageSockets::close(const std::string& path) {
    const auto found = machine_->receivers.find(path);
    if (found == machine_->receivers.end()) return;
    found->second->is_closed = true;
    machine_->receivers.erase(found);
}

void FakeMessageSockets::limit(const std::string& path, std::optional<std::size_t> bytes) {
    machine_->receivers.at(path)->room = bytes;
}

std::vector<FakeMessageSockets::Message> FakeMessageSockets::messages(const std::string& path) const {
    const auto found = machine_->messages.find(path);
    return found == machine_->messages.end() ? std::vector<Message>{} : found->second;
}

std::string FakeMessageSockets::text(const std::string& path) const {
    std::string all;
    for (const Message& message : messages(path)) all += message.text;
    return all;
}

}  // namespace servicekit::mocks

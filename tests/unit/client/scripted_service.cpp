#include "unit/client/scripted_service.hpp"

#include <array>
#include <utility>

namespace servicekit {

struct ScriptedService::Talk {
    std::unique_ptr<os::LocalConnection> connection;
    std::unique_ptr<os::Timer> timer;
    std::unique_ptr<os::Watch> watch;
    std::string unread = {};
    std::vector<Piece> to_send = {};
};

ScriptedService::ScriptedService(mocks::FakeOs& host, const std::string& path, Script script, pid_t process)
    : loop_{host.reactor}, script_{std::move(script)} {
    const pid_t self = host.process.id();
    host.process.set_id(process);
    listener_ = *host.sockets.listen(path, {.permissions = 0666});
    host.process.set_id(self);
    watch_ = loop_.watch(listener_->descriptor());
    await_connection();
}

ScriptedService::~ScriptedService() = default;

void ScriptedService::hang_up() { talks_.clear(); }

void ScriptedService::await_connection() {
    watch_->await_readable([this] {
        auto connection = *listener_->accept();
        ++connections;
        auto watch = loop_.watch(connection->descriptor());
        Talk& talk = talks_.emplace_back(Talk{std::move(connection), loop_.timer(), std::move(watch)});
        await_request(talk);
        await_connection();
    });
}

void ScriptedService::await_request(Talk& talk) {
    talk.watch->await_readable([this, &talk] {
        std::array<char, 4096> buffer{};
        const os::Transfer received = talk.connection->receive(buffer);
        if (received.state == os::Transfer::State::closed || received.state == os::Transfer::State::failed)
            return end(talk);
        talk.unread.append(buffer.data(), received.bytes);
        const auto newline = talk.unread.find('\n');
        if (newline == std::string::npos) return await_request(talk);
        requests.push_back(talk.unread.substr(0, newline));
        talk.unread.erase(0, newline + 1);
        talk.to_send = script_(requests.back());
        send_next(talk);
    });
}

void ScriptedService::send_next(Talk& talk) {
    if (talk.to_send.empty()) return await_request(talk);
    talk.timer->start(talk.to_send.front().after, [this, &talk] {
        const Piece piece = talk.to_send.front();
        talk.to_send.erase(talk.to_send.begin());
        talk.connection->send(piece.text);
        if (piece.then_close) return end(talk);
        send_next(talk);
    });
}

void ScriptedService::end(Talk& talk) {
    talks_.remove_if([&talk](const Talk& one) { return &one == &talk; });
}

}  // namespace servicekit

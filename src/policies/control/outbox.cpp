#include "policies/control/outbox.hpp"

namespace servicekit::policies {
namespace {

using os::Transfer;

constexpr std::size_t kept_capacity = 64 * 1024;

}  // namespace

void Outbox::send(os::LocalConnection& socket, std::string_view line, Tick now) {
    if (broken_) return;
    if (backlog() == 0) moved_ = now;
    while (backlog() == 0 && !line.empty()) {
        const Transfer transfer = socket.send(line);
        if (transfer.state == Transfer::State::would_block) break;
        if (transfer.state != Transfer::State::done) return give_up();
        line.remove_prefix(transfer.bytes);
    }
    kept_ += line;
}

void Outbox::flush(os::LocalConnection& socket, Tick now) {
    while (!broken_ && backlog() > 0) {
        const Transfer transfer = socket.send(std::string_view{kept_}.substr(sent_));
        if (transfer.state == Transfer::State::would_block) return;
        if (transfer.state != Transfer::State::done) give_up();
        sent_ += transfer.bytes;
        moved_ = now;
    }
    clear_buffer(kept_);
    sent_ = 0;
}

void Outbox::send_space(os::LocalConnection& socket) {
    const auto state = socket.send(" ").state;
    if (state != Transfer::State::done && state != Transfer::State::would_block) give_up();
}

void clear_buffer(std::string& buffer) {
    if (buffer.capacity() > kept_capacity)
        std::string{}.swap(buffer);
    else
        buffer.clear();
}

}  // namespace servicekit::policies

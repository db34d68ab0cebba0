#include "policies/control/outbox.hpp"

namespace servicekit::policies {
namespace {

using os::Transfer;

constexpr std::size_t kept_capacity = 64 * 1024;

}  // namespace

void Outbox::send(const std::shared_ptr<os::LocalConnection>& socket, std::string_view line, Tick now,
                  std::unique_lock<std::mutex>& lock) {
    if (broken_) return;
    if (sending_ || backlog() > 0) return keep(line);
    moved_ = now;
    sending_ = true;
    // The connection may end, and let its socket go, meanwhile.
    const auto open = socket;  // NOLINT(performance-unnecessary-copy-initialization)
    while (!broken_ && !line.empty()) {
        lock.unlock();
        const Transfer transfer = open->send(line);
        lock.lock();
        if (transfer.state == Transfer::State::would_block) break;
        if (transfer.state != Transfer::State::done) give_up();
        line.remove_prefix(transfer.bytes);
    }
    sending_ = false;
    const bool takes_more = line.empty();
    kept_.insert(0, line);
    if (takes_more) flush(*open, now);
}

void Outbox::flush(os::LocalConnection& socket, Tick now) {
    if (sending_) return;
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
    if (sending_) return;
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

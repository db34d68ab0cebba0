#include "policies/control/outbox.hpp"

namespace servicekit::policies {
namespace {

using os::Transfer;

/// Short lines are collected in pieces of up to this size.
constexpr std::size_t collected = 64 * 1024;

}  // namespace

[[gnu::hot]] void Outbox::send(const std::shared_ptr<os::LocalConnection>& socket, std::string_view line, Tick now,
                               std::unique_lock<std::mutex>& lock) {
    if (broken_) return;
    if (sending_ || backlog() > 0) return keep(line);
    moved_ = now;
    sending_ = true;
    // The connection may end and release its socket while the lock is not held.
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
    if (line.empty()) return flush(*open, now);
    kept_.emplace_front(line);
    backlog_ += line.size();
}

[[gnu::hot]] void Outbox::send_locked(os::LocalConnection& socket, std::string_view line, Tick now) {
    if (broken_) return;
    if (sending_ || backlog() > 0) return keep(line);
    moved_ = now;
    while (!broken_ && !line.empty()) {
        const Transfer transfer = socket.send(line);
        if (transfer.state == Transfer::State::would_block) return keep(line);
        if (transfer.state != Transfer::State::done) give_up();
        line.remove_prefix(transfer.bytes);
    }
}

[[gnu::hot]] void Outbox::keep(std::string_view line) {
    if (!kept_.empty() && (kept_.back().empty() || kept_.back().size() + line.size() <= collected))
        kept_.back() += line;
    else
        kept_.emplace_back(line);
    backlog_ += line.size();
}

[[gnu::hot]] void Outbox::flush(os::LocalConnection& socket, Tick now) {
    if (sending_) return;
    while (!broken_ && backlog_ > 0) {
        std::string& piece = kept_.front();
        const Transfer transfer = socket.send(std::string_view{piece}.substr(sent_));
        if (transfer.state == Transfer::State::would_block) return;
        if (transfer.state != Transfer::State::done) give_up();
        sent_ += transfer.bytes;
        backlog_ -= transfer.bytes;
        moved_ = now;
        if (sent_ < piece.size()) continue;
        sent_ = 0;
        if (kept_.size() == 1 && piece.capacity() <= collected)
            piece.clear();
        else
            kept_.pop_front();
    }
}

void Outbox::send_space(os::LocalConnection& socket) {
    if (sending_) return;
    const auto state = socket.send(" ").state;
    if (state != Transfer::State::done && state != Transfer::State::would_block) give_up();
}

}  // namespace servicekit::policies

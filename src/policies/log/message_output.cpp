#include "policies/log/message_output.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "policies/log/crash_lock.hpp"

namespace servicekit::policies {
namespace {

using State = os::Transfer::State;

constexpr std::size_t largest_kept = 64U << 10U;

/// Returns true if the daemon that was connected is gone; another one may have replaced it.
bool is_gone(const os::Transfer& done) {
    if (done.state == State::closed) return true;
    if (done.state != State::failed) return false;
    switch (done.errno_value) {
        case ECONNREFUSED:
        case ECONNRESET:
        case ENOTCONN:
        case EDESTADDRREQ:
        case EPIPE:
            return true;
        default:
            return false;
    }
}

bool is_too_long(const os::Transfer& done) {
    return done.state == State::failed && (done.errno_value == EMSGSIZE || done.errno_value == ENOBUFS);
}

}  // namespace

void MessageOutput::open(Plan plan) {
    const TimedMutex::Lock lock{mutex_};
    plan_ = std::move(plan);
    crash_line_.prepare(plan_.head);
    static_cast<void>(connect());
    open_ = true;
}

void MessageOutput::write(const LogRecord& record) noexcept {
    if (!open_) return;
    try {
        const TimedMutex::Lock lock{mutex_};
        if (open_) put(record);
    } catch (...) {
        count_loss(Loss::no_memory);
    }
}

bool MessageOutput::write_at_crash(const LogRecord& record) noexcept {
    if (!open_) return false;
    const CrashLock lock{mutex_};
    if (!socket_) return false;
    rest_.erase(0, send_some(rest_));
    if (!rest_.empty()) return false;
    last_rest_.remove_prefix(send_some(last_rest_));
    if (!last_rest_.empty()) return false;
    const std::string_view message = crash_line_.render(
        record, [this](std::string& out, const LogRecord& shown) { plan_.render(out, shown, socket_->kind()); });
    const std::size_t sent = send_some(message);
    if (sent > 0) last_rest_ = message.substr(sent);
    return sent == message.size();
}

std::size_t MessageOutput::send_some(std::string_view text) noexcept {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const os::Transfer done =
            socket_->send(text.substr(sent), stuck_ ? std::chrono::milliseconds::zero() : plan_.patience);
        stuck_ = done.state == State::would_block;
        if (done.state != State::done) break;
        sent += std::min(done.bytes, text.size() - sent);
    }
    return sent;
}

void MessageOutput::close(std::chrono::milliseconds at_most) noexcept {
    if (!open_.exchange(false)) return;
    try {
        const TimedMutex::Lock lock{mutex_, at_most};
        if (!lock.owns_lock()) return;
        refused_at_.reset();
        if (send_rest()) static_cast<void>(told_losses(clock_->system_now()));
        socket_.reset();
    } catch (...) {
        return;  // out of memory for the message that reports the losses
    }
}

void MessageOutput::put(const LogRecord& record) {
    if (told_losses(record.time) && deliver(record)) return;
    count_loss(loss_);
}

bool MessageOutput::told_losses(std::chrono::system_clock::time_point time) {
    const std::uint64_t count = lost_;
    if (count == 0) return true;
    const std::string message = std::to_string(count) + (count == 1 ? " line lost: " : " lines lost: ") +
                                (loss_reason_.empty() ? "out of memory" : loss_reason_);
    if (!deliver({.time = time, .level = LogLevel::warning, .message = message})) return false;
    lost_ -= count;
    return true;
}

bool MessageOutput::deliver(const LogRecord& record) {
    return send(record) || (plan_.instead && plan_.instead(record));
}

bool MessageOutput::send(const LogRecord& record) {
    // Tries twice, since the connected daemon may have been replaced by another.
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (!connect() || !send_rest()) {
            if (socket_) return false;
            continue;
        }
        message_.clear();
        if (message_.capacity() > largest_kept) message_.shrink_to_fit();
        plan_.render(message_, record, socket_->kind());
        os::Transfer done = socket_->send(message_, stuck_ ? std::chrono::milliseconds::zero() : plan_.patience);
        if (is_too_long(done) && plan_.send_long) done = plan_.send_long(*socket_, message_);
        stuck_ = done.state == State::would_block;
        if (done.state == State::done) {
            if (socket_->kind() == os::MessageSocket::Kind::stream && done.bytes < message_.size())
                rest_ = message_.substr(done.bytes);
            return true;
        }
        note_failure(done.errno_value);
        if (!is_gone(done)) return false;
        socket_.reset();
    }
    return false;
}

// If a stream took a part of a message, the rest has to be sent before the next message.
bool MessageOutput::send_rest() {
    rest_ += last_rest_;
    last_rest_ = {};
    while (!rest_.empty() && socket_) {
        const os::Transfer done = socket_->send(rest_, stuck_ ? std::chrono::milliseconds::zero() : plan_.patience);
        stuck_ = done.state == State::would_block;
        if (done.state == State::done) {
            rest_.erase(0, done.bytes);
            continue;
        }
        note_failure(done.errno_value);
        if (done.state == State::would_block) return false;
        // Only the daemon that has the first part could use the rest.
        socket_.reset();
        rest_.clear();
        count_loss(loss_);
        return false;
    }
    return true;
}

bool MessageOutput::connect() {
    if (socket_) return true;
    const auto now = clock_->steady_now();
    if (refused_at_ && now < *refused_at_ + plan_.retry_after) return false;
    auto connected = sockets_->connect(plan_.path);
    if (!connected) {
        refused_at_ = now;
        loss_reason_ = connected.error().message();
        loss_ = Loss::error;
        return false;
    }
    refused_at_.reset();
    stuck_ = false;
    socket_ = std::move(*connected);
    return true;
}

void MessageOutput::count_loss(Loss why) noexcept {
    ++lost_;
    losses_.add(why);
}

void MessageOutput::note_failure(int errno_value) {
    loss_ = loss_by(errno_value);
    loss_reason_ = errno_value == EAGAIN ? "the reader of '" + plan_.path + "' does not keep up"
                                         : os_error("send to", plan_.path, errno_value).message();
}

}  // namespace servicekit::policies

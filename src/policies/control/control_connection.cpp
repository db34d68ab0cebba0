#include "policies/control/control_connection.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "base/attempt.hpp"

namespace servicekit::policies {
namespace {

using namespace std::chrono_literals;
using os::Transfer;

/// Most requests of one connection that are served in a turn.
constexpr unsigned served_in_a_row = 64;
/// Most turns of the loop in which a connection tries to be admitted.
constexpr unsigned most_admission_attempts = 4;
/// Replies of up to this many bytes are sent together.
constexpr std::size_t collected_replies = 64 * 1024;
/// A client with this many unread bytes gets no further items until it reads.
constexpr std::size_t unread_items = 64 * 1024;
/// How long a client has to read an error reply and to close.
constexpr auto drain_time = 1'000ms;
/// How much such a client may send in that time, in requests of the largest size.
constexpr std::size_t drained_requests = 16;

std::size_t largest_request(const UnixSocketControl::Options& options, bool may_operate) {
    const std::size_t for_readers = std::min(options.max_request_bytes_of_readers, options.max_request_bytes);
    return may_operate ? options.max_request_bytes : for_readers;
}

}  // namespace

ControlConnection::ControlConnection(ControlServer& server, std::unique_ptr<os::LocalConnection> socket, Peer peer,
                                     Admission admission)
    : server_{server},
      admission_{admission},
      peer_{std::move(peer)},
      goes_first_{server.quota().is_operator(peer_.uid)},
      knows_groups_{!goes_first_ && server.reads_groups_first()},
      max_request_bytes_{largest_request(server.options(), goes_first_ || peer_.role >= ControlRole::operate)},
      scanner_{{.max_bytes = max_request_bytes_, .max_depth = server.options().max_depth}},
      began_{server.now()},
      socket_{std::move(socket)},
      outbox_{server.now()} {}

// The Responder's members; from any thread.

bool ControlConnection::progress(std::string_view line) {
    std::unique_lock lock{mutex_};
    if (!open_ || !awaiting_ || outbox_.is_broken() || outbox_.backlog() > 0 || outbox_.is_sending()) return false;
    if (!attempt([&] { send(line, lock); })) outbox_.give_up();
    return open_ && !outbox_.is_broken();
}

Responder::Sent ControlConnection::send_item(std::string_view line, std::function<void()> on_room) {
    std::unique_lock lock{mutex_};
    if (!open_ || !awaiting_ || outbox_.is_broken()) return Sent::never;
    if (outbox_.backlog() >= unread_items) {
        if (!on_room || attempt([&] { waiters_.push_back(std::move(on_room)); })) return Sent::full;
        outbox_.give_up();
        return Sent::never;
    }
    if (!attempt([&] { send(line, lock); })) outbox_.give_up();
    return open_ && !outbox_.is_broken() ? Sent::yes : Sent::never;
}

[[gnu::hot]] ControlConnection::Waiters ControlConnection::take_waiters() {
    if (open_ && !outbox_.is_broken() && outbox_.backlog() > unread_items / 2) return {};
    return std::exchange(waiters_, {});
}

// If there is no memory for a reply, the connection is broken. The loop's thread ends it when it next looks.

[[gnu::hot]] void ControlConnection::reply(std::string_view line) {
    std::unique_lock lock{mutex_};
    if (!attempt([&] { answer(line, lock); })) outbox_.give_up();
}

void ControlConnection::reply_and_close(std::string_view line) {
    std::unique_lock lock{mutex_};
    if (awaiting_) closes_after_reply_ = true;
    if (!attempt([&] { answer(line, lock); })) outbox_.give_up();
}

[[gnu::hot]] void ControlConnection::answer(std::string_view line, std::unique_lock<std::mutex>& lock) {
    if (!open_ || !awaiting_) return;
    awaiting_ = false;
    // A long one is sent at once, to save a copy.
    if (!corked_ || line.size() > collected_replies) return send(line, lock);
    if (!is_last_ || !server_.loop().is_this_thread()) return outbox_.keep(line);
    outbox_.send_locked(*socket_, line, server_.now());
    note_sharing();
}

/// Calls the loop's thread if it has something left to do. If it saw this connection sending, it has to look again,
/// and another request may be in progress by then.
[[gnu::hot]] void ControlConnection::send(std::string_view line, std::unique_lock<std::mutex>& lock) {
    outbox_.send(socket_, line, server_.now(), lock);
    if (!open_ || outbox_.is_sending()) return;
    const bool answered = !awaiting_ && (call_on_reply_ || closes_after_reply_);
    if (outbox_.is_broken() || outbox_.backlog() > 0 || answered || !waiters_.empty()) call_loop();
}

void ControlConnection::call_loop() {
    if (std::exchange(called_, true)) return;
    const auto post = [this] { server_.loop().post([self = shared_from_this()] { self->on_called(); }); };
    if (attempt(post)) return;
    called_ = false;
    outbox_.give_up();
}

// The rest is for the loop's thread only.

[[gnu::hot]] std::unique_lock<std::mutex> ControlConnection::lock_if_shared() {
    return is_shared_ ? std::unique_lock{mutex_} : std::unique_lock{mutex_, std::defer_lock};
}

/// Ends only this connection if its step runs out of memory or the system refuses an operation.
template <class Step>
void ControlConnection::take_step(const Step& step) {
    const auto self = shared_from_this();
    try {
        step();
    } catch (const std::exception& exception) {
        break_off(exception);
    }
}

void ControlConnection::break_off(const std::exception& exception) {
    static_cast<void>(attempt([&] {
        server_.requests().note(Error{ExitCode::os, "serve a connection", "", exception.what()});
    }));
    {
        const std::lock_guard lock{mutex_};
        corked_ = false;
    }
    end();
}

void ControlConnection::begin() {
    may_receive_ = true;
    take_step([this] { proceed(); });
}

void ControlConnection::take_turn() {
    is_queued_ = false;
    take_step([this] { serve_turn(); });
}

[[gnu::hot]] void ControlConnection::proceed() {
    if (goes_first_) return serve_turn();
    if (!open_ || is_queued_) return;
    server_.queue_turn(*this);
    is_queued_ = true;
}

[[gnu::hot]] void ControlConnection::serve_turn() {
    in_a_row_ = 0;
    if (admission_ == Admission::awaited && !is_admission_decided()) return;
    if (std::exchange(may_receive_, false)) {
        const bool is_first = !watch_;
        std::size_t received = receive();
        while (received == receives_at_once() && !has_more() && !server_.is_turn_over()) received = receive();
        // The request has often arrived already, followed by the end of the client's input. Then the loop does not need
        // to watch this connection. A stranger's connection takes another turn instead.
        if (received > 0 && is_first && goes_first_ && server_.may_have_finished() && !has_unsent()) {
            (void)receive();
            if (open_) server_.note_finished(peer_finished_);
        }
    }
    settle();
}

bool ControlConnection::is_admission_decided() {
    const auto refusal = server_.admit_late(peer_.uid);
    if (refusal && ++admission_attempts_ < most_admission_attempts) {
        const std::lock_guard lock{mutex_};
        call_loop();
        return false;
    }
    admission_ = refusal ? Admission::refused : Admission::admitted;
    if (refusal) {
        server_.count_too_many();
        refuse(*refusal);
    }
    return true;
}

[[gnu::hot]] bool ControlConnection::is_turn_over() const {
    return in_a_row_ == served_in_a_row || (in_a_row_ > 0 && !goes_first_ && server_.is_turn_over());
}

[[gnu::hot]] void ControlConnection::on_readable() {
    awaits_readable_ = false;
    may_receive_ = true;
    take_step([this] { proceed(); });
}

void ControlConnection::on_writable() {
    awaits_writable_ = false;
    take_step([this] { proceed(); });
}

void ControlConnection::on_called() {
    {
        const std::lock_guard lock{mutex_};
        called_ = false;
    }
    take_step([this] { proceed(); });
}

[[gnu::hot]] std::size_t ControlConnection::receives_at_once() const {
    return goes_first_ ? server_.scratch().size() : ControlServer::received_of_strangers;
}

/// \returns the number of bytes received.
[[gnu::hot]] std::size_t ControlConnection::receive() {
    if (!open_ || peer_finished_) return 0;
    const auto buffer = server_.scratch().first(receives_at_once());
    const Transfer transfer = socket_->receive(buffer);
    switch (transfer.state) {
        case Transfer::State::would_block:
            return 0;
        case Transfer::State::closed:
            peer_finished_ = true;
            return 0;
        case Transfer::State::failed: {
            const std::lock_guard lock{mutex_};
            outbox_.give_up();
            return 0;
        }
        case Transfer::State::done:
            break;
    }
    if (closing_)
        drained_ += transfer.bytes;
    else
        take({buffer.data(), transfer.bytes});
    return transfer.bytes;
}

[[gnu::hot]] void ControlConnection::take(std::string_view fresh) {
    if (!input_.empty()) {
        input_ += fresh;
        return serve_buffered();
    }
    const std::size_t done = serve(fresh);
    if (done < fresh.size()) input_ = fresh.substr(done);
    buffer_changed();
}

void ControlConnection::serve_buffered() {
    taken_ += serve(std::string_view{input_}.substr(taken_));
    if (buffered() == 0) {
        drop_input();
    } else if (taken_ > input_.size() / 2) {
        input_.erase(0, taken_);
        taken_ = 0;
    }
    buffer_changed();
}

void ControlConnection::drop_input() {
    // A large buffer is not kept for the next request.
    constexpr std::size_t kept_capacity = 64 * 1024;
    if (input_.capacity() > kept_capacity)
        std::string{}.swap(input_);
    else
        input_.clear();
    taken_ = 0;
    scanned_ = 0;
}

/// Serves the whole requests among the bytes until one is in progress elsewhere or other connections should have their
/// turn. The scanner already knows the first `scanned_` bytes.
/// \returns the number of bytes consumed.
[[gnu::hot]] std::size_t ControlConnection::serve(std::string_view bytes) {
    {
        const auto lock = lock_if_shared();
        if (!may_ask()) return 0;
    }
    std::size_t done = 0;
    while (done + scanned_ < bytes.size()) {
        if (is_turn_over()) return done;
        const std::size_t known = done + scanned_;
        const bool begins = scanned_ == 0;
        const auto step = scanner_.feed(bytes.substr(known));
        if (begins) done = known + step.begin;
        switch (step.state) {
            case JsonScanner::State::skipping:
                return bytes.size();
            case JsonScanner::State::inside:
                if (begins && had_request_) began_ = server_.now();
                scanned_ = bytes.size() - done;
                return done;
            case JsonScanner::State::complete: {
                const std::string_view text = bytes.substr(done, known + step.end - done);
                // White space after a request is dropped: if kept, the reply would call the loop for it.
                done = std::min(bytes.find_first_not_of(" \t\r\n", known + step.end), bytes.size());
                scanned_ = 0;
                if (!ask(text, done == bytes.size())) return done;
                break;
            }
            default:
                refuse_unreadable(step.state);
                return bytes.size();
        }
    }
    return done;
}

/// \returns true if the next request may be served at once.
[[gnu::hot]] bool ControlConnection::ask(std::string_view text, bool is_last) {
    if (!knows_groups_ && !goes_first_) {
        (void)peer_groups();
        peer_.role = server_.role_of(peer_);
    }
    had_request_ = true;
    ++in_a_row_;
    {
        const std::lock_guard lock{mutex_};
        awaiting_ = true;
        corked_ = true;
        is_last_ = is_last;
        is_shared_ = true;
    }
    server_.requests().request(text, peer_, shared_from_this());
    const auto lock = lock_if_shared();
    corked_ = false;
    note_sharing();
    count_replies(outbox_.backlog());
    return may_ask();
}

[[gnu::hot]] std::vector<gid_t> ControlConnection::peer_groups() {
    if (!std::exchange(knows_groups_, true)) peer_.groups = socket_->peer_groups();
    return peer_.groups;
}

[[gnu::hot]] bool ControlConnection::may_ask() const {
    return open_ && !closing_ && !closes_after_reply_ && !awaiting_ &&
           outbox_.backlog() < server_.options().max_reply_backlog && server_.quota().has_room_for_replies(peer_.uid);
}

void ControlConnection::refuse(const Refusal& refusal) {
    const std::string line = server_.requests().refuse(refusal);
    closing_ = true;
    scanned_ = 0;
    std::unique_lock lock{mutex_};
    outbox_.send(socket_, line, server_.now(), lock);
}

void ControlConnection::refuse_unreadable(JsonScanner::State state) {
    const auto& options = server_.options();
    switch (state) {
        case JsonScanner::State::too_large:
            return refuse({.reason = Refusal::Reason::too_large,
                           .number = max_request_bytes_,
                           .text = "the request is longer than " + std::to_string(max_request_bytes_) + " bytes"});
        case JsonScanner::State::too_deep:
            return refuse(
                {.reason = Refusal::Reason::too_deep,
                 .number = options.max_depth,
                 .text = "the request is nested deeper than " + std::to_string(options.max_depth) + " levels"});
        default:
            return refuse({.reason = Refusal::Reason::malformed,
                           .number = scanner_.offset(),
                           .text = "the request is not a JSON array: " + std::string{scanner_.reason()}});
    }
}

[[gnu::hot]] void ControlConnection::buffer_changed() {
    if (!open_ || buffered() == counted_) return;
    within_quota_ = server_.quota().resize(peer_.uid, counted_, buffered());
    counted_ = buffered();
    // Requests that wait for their turn stay, as they will be served, but no more is read. A request that has to grow
    // while there is no room is refused.
    if (within_quota_ || scanned_ == 0 || has_more()) return;
    refuse({.reason = Refusal::Reason::too_many,
            .number = server_.options().max_buffered_bytes,
            .text = "too many bytes of unfinished requests"});
    drop_input();
    buffer_changed();
}

/// Does what the state of the connection requires, and arranges that the loop calls when the state changes.
[[gnu::hot]] void ControlConnection::settle() {
    bool awaiting = false;
    bool sending = false;  // another thread sends; it calls the loop afterwards if something is left to do
    std::size_t unsent = 0;
    for (;;) {
        if (!open_) return;
        bool broken = false;
        Waiters waiters;
        {
            const auto lock = lock_if_shared();
            outbox_.flush(*socket_, server_.now());
            waiters = take_waiters();
            note_sharing();
            broken = outbox_.is_broken();
            awaiting = awaiting_;
            closing_ = closing_ || (closes_after_reply_ && !awaiting_);
            unsent = outbox_.backlog();
            sending = outbox_.is_sending();
            call_on_reply_ = has_more() || peer_finished_ || closing_;
        }
        count_replies(unsent);
        for (const auto& wake : waiters) wake();
        if (broken) return end();
        if (closing_) {
            drop_input();
            buffer_changed();
            if (unsent == 0 && !sending) drain();
            break;
        }
        if (awaiting) break;
        if (has_more()) {
            // Unread replies of the user's other connections may block it; then the next tick tries again.
            if (unsent >= server_.options().max_reply_backlog || !server_.quota().has_room_for_replies(peer_.uid))
                break;
            if (is_turn_over()) {
                go_on_later();
                break;
            }
            serve_buffered();
            continue;
        }
        if (!peer_finished_) break;
        if (scanned_ > 0) {
            refuse({.reason = Refusal::Reason::malformed,
                    .number = scanned_,
                    .text = "the request is not a JSON array: it ends too early"});
            continue;
        }
        if (unsent == 0 && !sending) return end();
        break;
    }
    if (!open_) return;
    const bool has_room = buffered() < max_request_bytes_ && within_quota_;
    const bool reads = closing_ ? draining_ : awaiting ? has_room : !has_more();
    const bool is_answered = had_request_ && !awaiting && !closing_ && unsent == 0 && !sending;
    if (reads && is_answered && !goes_first_ && !watch_ && !std::exchange(takes_another_turn_, true)) {
        may_receive_ = true;
        return proceed();
    }
    await(reads && !peer_finished_, unsent > 0 && !sending);
}

void ControlConnection::go_on_later() {
    if (!goes_first_) return proceed();
    const std::lock_guard lock{mutex_};
    call_loop();
}

[[gnu::hot]] void ControlConnection::count_replies(std::size_t unread) {
    if (!open_ || unread == counted_replies_ || admission_ != Admission::admitted) return;
    server_.quota().resize_replies(peer_.uid, std::exchange(counted_replies_, unread), unread);
}

void ControlConnection::drain() {
    if (!std::exchange(draining_, true)) {
        draining_since_ = server_.now();
        socket_->shut_down_sending();
    }
    if (peer_finished_ || drained_ > drained_requests * server_.options().max_request_bytes) end();
}

[[gnu::hot]] void ControlConnection::await(bool readable, bool writable) {
    if (!readable && !writable) return;
    if (!watch_) watch_ = server_.loop().watch_briefly(socket_->descriptor());
    if (readable && !std::exchange(awaits_readable_, true)) watch_->await_readable([this] { on_readable(); });
    if (writable && !std::exchange(awaits_writable_, true)) watch_->await_writable([this] { on_writable(); });
}

void ControlConnection::tick() {
    if (draining_) {
        if (server_.now() - draining_since_ > server_.ticks(drain_time)) end();
        return;
    }
    bool give_up = false;
    bool is_held_up = false;
    {
        const std::lock_guard lock{mutex_};
        if (awaiting_ && peer_finished_ && outbox_.backlog() == 0) outbox_.send_space(*socket_);
        give_up = outbox_.is_broken() || is_overdue();
        is_held_up = !awaiting_ && has_more() && outbox_.backlog() == 0;
    }
    if (give_up) return end();
    // Not at once: the request may close the server, which is iterating over its connections.
    if (is_held_up) take_step([this] { go_on_later(); });
}

bool ControlConnection::is_overdue() const {
    const auto& options = server_.options();
    const auto passed = [this](Tick since, std::chrono::milliseconds limit) {
        return server_.now() - since > server_.ticks(limit);
    };
    const bool is_too_much =
        outbox_.backlog() >= options.max_reply_backlog || !server_.quota().has_room_for_replies(peer_.uid);
    if (outbox_.backlog() > 0 && is_too_much) return passed(outbox_.moved(), options.idle_timeout);
    if (outbox_.backlog() > 0) return passed(outbox_.moved(), options.first_request_timeout);
    if (awaiting_ || has_more()) return false;
    if (scanned_ > 0 || !had_request_) return passed(began_, options.first_request_timeout);
    return passed(outbox_.moved(), options.idle_timeout);
}

void ControlConnection::finish(unsigned& waits) {
    const auto self = shared_from_this();
    while (has_unsent() && waits > 0) {
        --waits;
        // Another thread is about to send, so there is room already.
        if (is_sending())
            std::this_thread::sleep_for(1ms);
        else
            (void)socket_->wait_until_writable(10ms);
    }
    if (!open_) return;
    socket_->shut_down_sending();
    // If received bytes stayed unread, the kernel would reset the connection.
    std::array<char, 4096> rest;
    for (unsigned chunks = 16; chunks > 0 && socket_->receive(rest).state == Transfer::State::done;) --chunks;
    end();
}

bool ControlConnection::has_unsent() {
    const std::lock_guard lock{mutex_};
    if (!open_) return false;
    outbox_.flush(*socket_, server_.now());
    return outbox_.backlog() > 0 || outbox_.is_sending();
}

bool ControlConnection::is_sending() {
    const std::lock_guard lock{mutex_};
    return outbox_.is_sending();
}

void ControlConnection::end() {
    if (!open_) return;
    watch_.reset();
    if (counted_ > 0) server_.quota().resize(peer_.uid, std::exchange(counted_, 0), 0);
    count_replies(0);
    Waiters waiters;
    {
        const std::lock_guard lock{mutex_};
        open_ = false;
        waiters = take_waiters();
        socket_.reset();
        outbox_ = Outbox{server_.now()};
        if (!corked_) input_ = {};  // else the request in this buffer is what closes the connection
    }
    for (const auto& wake : waiters) wake();
    server_.forget(*this);
}

}  // namespace servicekit::policies

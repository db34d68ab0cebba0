#include "policies/control/control_server.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "base/attempt.hpp"
#include "policies/control/control_connection.hpp"

namespace servicekit::policies {
namespace {

using namespace std::chrono_literals;

/// How long clients are accepted before connected ones are served. It is longer than the turns of strangers, since an
/// operator may be waiting behind them.
constexpr auto accept_time = 200us;
/// Most clients that are accepted in a row, even if that is quick. More than wait in the listener's queue.
constexpr unsigned accepted_in_a_row = 10;
/// Most clients that wait to be admitted or for an orderly refusal at the same time. Further ones are refused and
/// closed at once, so the connection may be reset.
constexpr std::size_t max_not_admitted = 64;
/// How long to wait until descriptors or memory are free again.
constexpr auto accept_pause = 100ms;
/// How long the limit of descriptors is used before it is looked up again. prlimit(1) may change it.
constexpr auto descriptor_limit_time = 1s;
/// How many times close() waits ten milliseconds for a client to read its reply, over all connections.
constexpr unsigned waits_at_close = 10;
/// Most connections whose timeouts are checked before others are served.
constexpr std::size_t swept_in_a_row = 32;
/// How long strangers are served before the loop checks for operators' requests. Longer than most requests take.
constexpr auto turn_time = 50us;
/// Minimum cost of a turn.
constexpr auto least_cost = 1us;
/// One of so many connections is asked at once if its client has finished, even if the last ones had not.
constexpr unsigned tried_in = 16;
/// Most turns in a row, even if they are quick.
constexpr unsigned turns_in_a_row = 16;

std::optional<Refusal> too_many(const std::string& what, std::size_t limit) {
    return Refusal{.reason = Refusal::Reason::too_many, .number = limit, .text = "too many " + what};
}

}  // namespace

ControlServer::ControlServer(const UnixSocketControl::Options& options, Requests& requests, os::EventLoop& loop,
                             const os::Process& process, const os::Clock& clock,
                             std::unique_ptr<os::LocalListener> listener, ControlRoles roles,
                             const ControlRoles::Belonging& belonging)
    : options_{options},
      requests_{&requests},
      loop_{&loop},
      process_{&process},
      clock_{&clock},
      listener_{std::move(listener)},
      quota_{options, belonging.owner},
      roles_{std::move(roles)},
      turns_{turn_time},
      self_{std::make_shared<const ControlServer*>(this)} {
    roles_.set_belonging(belonging);
}

ControlServer::~ControlServer() { close_within(0); }

void ControlServer::start() {
    watch_ = loop_->watch(listener_->descriptor());
    accept_pause_ = loop_->timer();
    sweep_timer_ = loop_->timer();
    await_connections();
}

Result<void> ControlServer::change_owner(const ControlRoles::Belonging& belonging) {
    if (!listener_) return {};
    quota_.set_owner(belonging.owner);
    roles_.set_belonging(belonging);
    return listener_->change_owner(belonging.owner, belonging.group);
}

ControlCounts ControlServer::counts() const noexcept {
    return {.open = open_.load(std::memory_order_relaxed),
            .accepted = accepted_.load(std::memory_order_relaxed),
            .refused_too_many = refused_too_many_.load(std::memory_order_relaxed),
            .refused_no_files = refused_no_files_.load(std::memory_order_relaxed),
            .failed = failed_.load(std::memory_order_relaxed)};
}

void ControlServer::close() noexcept { close_within(waits_at_close); }

void ControlServer::close_within(unsigned waits) noexcept {
    if (!listener_) return;
    watch_.reset();
    accept_pause_.reset();
    sweep_timer_.reset();
    // There may be no memory for an error.
    static_cast<void>(attempt([&] {
        const auto removed = listener_->remove_file();
        // After a drop of privileges the directory may belong to another user. Then the file stays; it is harmless
        // without a listener.
        if (!removed && removed.error().exit_code != ExitCode::permission && waits > 0)
            requests_->note(removed.error());
    }));
    listener_.reset();
    turns_.clear();
    while (!connections_.empty()) connections_.back()->finish(waits);
}

ControlServer::Tick ControlServer::ticks(std::chrono::milliseconds time) const noexcept {
    const auto step = std::max(options_.keep_alive_space, 1ms);
    return static_cast<Tick>((time + step - 1ms) / step);
}

void ControlServer::forget(ControlConnection& connection) {
    if (connection.admission() == ControlConnection::Admission::admitted)
        quota_.release(connection.peer().uid);
    else
        --not_admitted_;
    auto& gap = connections_[connection.position];
    gap.swap(connections_.back());
    gap->position = connection.position;
    connections_.pop_back();
    open_.store(connections_.size(), std::memory_order_relaxed);
}

void ControlServer::await_connections() {
    watch_->await_readable([this] { accept_waiting(); });
}

void ControlServer::accept_waiting() {
    try {
        auto now = clock_->steady_now();
        const auto end = now + accept_time;
        update_descriptor_limit(now);
        for (unsigned count = 0; count < accepted_in_a_row && now < end; ++count, now = clock_->steady_now()) {
            auto accepted = listener_->accept();
            if (!accepted) return pause_accepting(accepted.error());
            accept_fails_ = false;
            if (!*accepted) break;
            serve(std::move(*accepted));
            if (!listener_) return;
        }
        await_connections();
    } catch (const std::bad_alloc&) {
        pause_accepting(os_error("accept a connection", "", ENOMEM));
    } catch (const std::system_error& refusal) {
        pause_accepting(os_error("accept a connection", "", refusal.code().value()));
    }
}

void ControlServer::pause_accepting(const Error& error) {
    increase(failed_);
    accept_pause_->start(accept_pause, [this] { accept_waiting(); });
    // A lasting error is reported once, not ten times a second.
    if (!std::exchange(accept_fails_, true)) requests_->note(error);
}

void ControlServer::update_descriptor_limit(std::chrono::steady_clock::time_point now) {
    if (now < descriptor_limit_expires_) return;
    descriptor_limit_ = process_->descriptor_limit();
    descriptor_limit_expires_ = now + descriptor_limit_time;
}

void ControlServer::serve(std::unique_ptr<os::LocalConnection> socket) {
    using Admission = ControlConnection::Admission;
    Peer peer = socket->peer();
    const uid_t user = peer.uid;
    const auto descriptors = quota_.descriptors_for(user, descriptor_limit_);
    const bool has_descriptor = static_cast<std::size_t>(socket->descriptor()) < descriptors;
    const auto refusal = has_descriptor ? admit(user) : too_many("open files", descriptors);
    if (refusal && (not_admitted_ == max_not_admitted || !has_descriptor)) {
        increase(has_descriptor ? refused_too_many_ : refused_no_files_);
        (void)socket->send(requests_->refuse(*refusal));
        // If received bytes stayed unread, the kernel would reset the connection.
        (void)socket->receive(scratch().first(received_of_strangers));
        return;
    }

    std::shared_ptr<ControlConnection> connection;
    try {
        look_up_role(*socket, peer);
        connection = std::make_shared<ControlConnection>(*this, std::move(socket), std::move(peer),
                                                         refusal ? Admission::awaited : Admission::admitted);
        connection->position = connections_.size();
        connections_.push_back(connection);
        open_.store(connections_.size(), std::memory_order_relaxed);
    } catch (...) {
        if (!refusal) quota_.release(user);
        throw;
    }
    if (refusal)
        ++not_admitted_;
    else
        increase(accepted_);
    connection->begin();
    if (connection->is_open() && !std::exchange(sweeping_, true))
        sweep_timer_->start(options_.keep_alive_space, [this] { sweep(); });
}

std::optional<Refusal> ControlServer::admit(uid_t user) {
    const auto limit = quota_.admit(user);
    return limit ? too_many("connections", *limit) : std::nullopt;
}

std::optional<Refusal> ControlServer::admit_late(uid_t user) {
    const auto refusal = admit(user);
    if (refusal) return refusal;
    --not_admitted_;
    increase(accepted_);
    return std::nullopt;
}

void ControlServer::look_up_role(const os::LocalConnection& socket, Peer& peer) const {
    if (!quota_.is_operator(peer.uid) && reads_groups_first()) peer.groups = socket.peer_groups();
    peer.role = roles_.role_of(peer);
}

bool ControlServer::may_have_finished() noexcept { return finished_ > most_finished / 2 || ++not_tried_ >= tried_in; }

void ControlServer::note_finished(bool had_finished) noexcept {
    not_tried_ = 0;
    if (had_finished && finished_ < most_finished) ++finished_;
    if (!had_finished && finished_ > 0) --finished_;
}

void ControlServer::queue_turn(ControlConnection& connection) {
    using Place = decltype(turns_)::Place;
    const Peer& peer = connection.peer();
    turns_.push(peer.uid, connection.shared_from_this(),
                peer.role >= ControlRole::operate ? Place::first : Place::last);
    post_turns();
}

void ControlServer::post_turns() {
    if (turns_posted_) return;
    loop_->post([this, self = std::weak_ptr{self_}] {
        if (!self.expired()) take_turns();
    });
    turns_posted_ = true;
}

// After each call the loop checks for operators' requests and serves them at once.
void ControlServer::take_turns() {
    turns_posted_ = false;
    auto now = clock_->steady_now();
    turn_end_ = now + turn_time;
    for (unsigned count = 0; count < turns_in_a_row && now < turn_end_ && !turns_.empty(); ++count) {
        const auto connection = turns_.pop();
        const uid_t user = connection->peer().uid;
        connection->take_turn();
        const auto begun = std::exchange(now, clock_->steady_now());
        turns_.charge(user, std::max<std::chrono::nanoseconds>(now - begun, least_cost));
    }
    if (!turns_.empty()) post_turns();
}

void ControlServer::sweep() {
    now_.store(now() + 1, std::memory_order_relaxed);
    // There may have been no memory to post it before.
    if (!turns_.empty()) post_turns();
    sweep_before(connections_.size());
}

/// Checks the connections before the position, the last first: when one ends, the last one takes its place.
void ControlServer::sweep_before(std::size_t position) {
    position = std::min(position, connections_.size());
    for (std::size_t count = 0; count < swept_in_a_row && position > 0; ++count) {
        const auto connection = connections_[--position];
        connection->tick();
    }
    if (position > 0) return sweep_timer_->start(0ms, [this, position] { sweep_before(position); });
    sweeping_ = !connections_.empty();
    if (sweeping_) sweep_timer_->start(options_.keep_alive_space, [this] { sweep(); });
}

}  // namespace servicekit::policies

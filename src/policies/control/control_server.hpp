#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "policies/control/control_quota.hpp"
#include "policies/control/control_roles.hpp"
#include "policies/control/fair_queue.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/local_sockets.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/policies/control/unix_socket_control.hpp"
#include "servicekit/policy/control_policy.hpp"

namespace servicekit::policies {

class ControlConnection;

/// Accepts connections on a listening socket, keeps them within their limits, gives them turns, and looks after their
/// times.
/// For the loop's thread, or while the loop does not turn, unless a member says otherwise.
class ControlServer {
public:
    /// A time, in steps of Options::keep_alive_space; it passes only while there are connections. Wraps around.
    using Tick = std::uint32_t;

    /// How many bytes of a stranger are received at once. The kernel keeps what was sent in the pieces in which it was
    /// sent, and takes up to a microsecond for each: of single bytes more than these would take longer than a turn.
    static constexpr std::size_t received_of_strangers = 64;

    /// \param belonging its owner, with root, may use every connection
    ControlServer(const UnixSocketControl::Options& options, Requests& requests, os::EventLoop& loop,
                  const os::Process& process, const os::Clock& clock, std::unique_ptr<os::LocalListener> listener,
                  ControlRoles roles, const ControlRoles::Belonging& belonging);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    /// Connections are accepted from here on.
    /// \throws std::exception where the loop can't watch the socket
    void start();
    /// Gives the socket's file to the owner and group. \param belonging as in the constructor, from here on
    Result<void> change_owner(const ControlRoles::Belonging& belonging);
    /// As ControlPolicy. Also from within a request, so that the object must live on for a while.
    void close() noexcept;

    // What follows is for its connections.

    [[nodiscard]] const UnixSocketControl::Options& options() const noexcept { return options_; }
    [[nodiscard]] Requests& requests() noexcept { return *requests_; }
    [[nodiscard]] os::EventLoop& loop() noexcept { return *loop_; }
    [[nodiscard]] ControlQuota& quota() noexcept { return quota_; }
    [[nodiscard]] ControlRole role_of(const Peer& peer) const noexcept { return roles_.role_of(peer); }
    /// Admits a connection of the user that was not admitted when it came.
    /// \returns why not
    [[nodiscard]] std::optional<Refusal> admit_late(uid_t user);
    /// Has the connection take a turn, in between what the loop does for operators.
    void queue_turn(ControlConnection& connection);
    /// Whether the turn that is being taken has lasted long enough.
    [[nodiscard]] bool is_turn_over() const { return clock_->steady_now() >= turn_end_; }
    /// For what a connection receives; whoever receives next overwrites it.
    [[nodiscard]] std::span<char> scratch() noexcept { return scratch_; }
    /// From any thread.
    [[nodiscard]] Tick now() const noexcept { return now_.load(std::memory_order_relaxed); }
    /// \returns the least number of ticks that take that long.
    [[nodiscard]] Tick ticks(std::chrono::milliseconds time) const noexcept;
    /// The connection is closed: lets go of it.
    void forget(ControlConnection& connection);

private:
    void close_within(unsigned waits) noexcept;
    void await_connections();
    void accept_waiting();
    void pause_accepting(const Error& error);
    void serve(std::unique_ptr<os::LocalConnection> socket, std::size_t descriptor_limit);
    [[nodiscard]] std::optional<Refusal> admit(uid_t user);
    /// Nothing for an operator, whose groups make no difference to it.
    void look_up_role(const os::LocalConnection& socket, Peer& peer) const;
    void post_turns();
    void take_turns();
    void sweep();
    void sweep_before(std::size_t position);

    UnixSocketControl::Options options_;
    Requests* requests_;
    os::EventLoop* loop_;
    const os::Process* process_;
    const os::Clock* clock_;
    std::unique_ptr<os::LocalListener> listener_;
    std::unique_ptr<os::Watch> watch_;
    std::unique_ptr<os::Timer> accept_pause_;
    std::unique_ptr<os::Timer> sweep_timer_;
    bool sweeping_ = false;
    bool accept_fails_ = false;
    std::atomic<Tick> now_{0};

    ControlQuota quota_;
    ControlRoles roles_;
    std::vector<std::shared_ptr<ControlConnection>> connections_;
    FairQueue<std::shared_ptr<ControlConnection>> turns_;
    bool turns_posted_ = false;
    std::chrono::steady_clock::time_point turn_end_{};
    std::shared_ptr<const ControlServer*> self_;  ///< gone with it, for calls that are posted
    std::size_t not_admitted_ = 0;                ///< of the connections
    std::array<char, 64 * 1024> scratch_;
};

}  // namespace servicekit::policies

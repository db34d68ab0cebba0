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

#include "base/fair_queue.hpp"
#include "policies/control/control_quota.hpp"
#include "policies/control/control_roles.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/local_sockets.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/policies/control/unix_socket_control.hpp"
#include "servicekit/policy/control_policy.hpp"

namespace servicekit::policies {

class ControlConnection;

/// Accepts connections on a listening socket, keeps them within their limits, gives them turns, and checks their
/// timeouts. For the loop's thread, or any thread while the loop is not running, unless a member states otherwise.
class ControlServer {
public:
    /// A time in units of Options::keep_alive_space. It advances only while there are connections, and wraps around.
    using Tick = std::uint32_t;

    /// How many bytes are received from a stranger at once. The kernel keeps sent pieces as they were sent, and takes
    /// up to a microsecond for each. More single bytes than this would take longer than a turn.
    static constexpr std::size_t received_of_strangers = 64;

    /// \param belonging its owner may use every connection, like root
    ControlServer(const UnixSocketControl::Options& options, Requests& requests, os::EventLoop& loop,
                  const os::Process& process, const os::Clock& clock, std::unique_ptr<os::LocalListener> listener,
                  ControlRoles roles, const ControlRoles::Belonging& belonging);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    /// Starts to accept connections.
    /// \throws std::exception if the loop cannot watch the socket
    void start();
    /// Gives the socket's file to the owner and group. \param belonging replaces that of the constructor
    Result<void> change_owner(const ControlRoles::Belonging& belonging);
    /// From any thread.
    [[nodiscard]] ControlCounts counts() const noexcept;
    /// See ControlPolicy::close(). May be called within a request, so the object must outlive that call.
    void close() noexcept;

    // The following is for its connections.

    [[nodiscard]] const UnixSocketControl::Options& options() const noexcept { return options_; }
    [[nodiscard]] Requests& requests() noexcept { return *requests_; }
    [[nodiscard]] os::EventLoop& loop() noexcept { return *loop_; }
    [[nodiscard]] ControlQuota& quota() noexcept { return quota_; }
    [[nodiscard]] ControlRole role_of(const Peer& peer) const noexcept { return roles_.role_of(peer); }
    /// Returns true if a stranger's groups are read when it connects. Otherwise its first request reads them. Those of
    /// an operator are read when a handler will see them.
    [[nodiscard]] bool reads_groups_first() const noexcept { return roles_.groups_may_operate(); }
    /// Admits a connection of the user that was not admitted when it connected.
    /// \returns the refusal, or nothing
    [[nodiscard]] std::optional<Refusal> admit_late(uid_t user);
    /// Counts a connection that was not admitted in the end.
    void count_too_many() noexcept { increase(refused_too_many_); }
    /// Returns true if an operator's client may have closed its connection by the time when its first reply is sent, as
    /// it was with most of the last ones. Now and then true in any case, to find out.
    [[nodiscard]] bool may_have_finished() noexcept;
    /// Notes whether it had.
    void note_finished(bool had_finished) noexcept;
    /// Queues a turn for the connection. Turns alternate with the loop's work for operators.
    void queue_turn(ControlConnection& connection);
    /// Returns true if the current turn has lasted long enough.
    [[nodiscard]] bool is_turn_over() const { return clock_->steady_now() >= turn_end_; }
    /// Returns the buffer to receive into; the next connection that receives overwrites it.
    [[nodiscard]] std::span<char> scratch() noexcept { return scratch_; }
    /// From any thread.
    [[nodiscard]] Tick now() const noexcept { return now_.load(std::memory_order_relaxed); }
    /// \returns the least number of ticks that last at least `time`.
    [[nodiscard]] Tick ticks(std::chrono::milliseconds time) const noexcept;
    /// Releases a connection that is closed.
    void forget(ControlConnection& connection);

private:
    static constexpr unsigned most_finished = 3;

    void close_within(unsigned waits) noexcept;
    void await_connections();
    void accept_waiting();
    void pause_accepting(const Error& error);
    void serve(std::unique_ptr<os::LocalConnection> socket);
    void update_descriptor_limit(std::chrono::steady_clock::time_point now);
    using Count = std::atomic<std::uint64_t>;
    static void increase(Count& count) noexcept { count.fetch_add(1, std::memory_order_relaxed); }
    [[nodiscard]] std::optional<Refusal> admit(uid_t user);
    /// Finds the role, as far as it can without the groups that a stranger's first request reads.
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
    std::size_t descriptor_limit_ = 0;                                  ///< of the process, when last looked up
    std::chrono::steady_clock::time_point descriptor_limit_expires_{};  ///< when to look it up again
    std::atomic<Tick> now_{0};
    Count open_{0};  ///< connections
    Count accepted_{0};
    Count refused_too_many_{0};
    Count refused_no_files_{0};
    Count failed_{0};

    ControlQuota quota_;
    ControlRoles roles_;
    unsigned finished_ = most_finished;  ///< how often clients have lately closed with their first reply
    unsigned not_tried_ = 0;             ///< connections since the last attempt
    std::vector<std::shared_ptr<ControlConnection>> connections_;
    FairQueue<std::shared_ptr<ControlConnection>> turns_;
    bool turns_posted_ = false;
    std::chrono::steady_clock::time_point turn_end_{};
    std::shared_ptr<const ControlServer*> self_;  ///< expires with this object; checked by posted calls
    std::size_t not_admitted_ = 0;                ///< number of connections
    std::array<char, 64 * 1024> scratch_;
};

}  // namespace servicekit::policies

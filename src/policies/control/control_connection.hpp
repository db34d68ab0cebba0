#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_scanner.hpp"
#include "policies/control/control_server.hpp"
#include "policies/control/outbox.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/os/event_loop.hpp"
#include "servicekit/os/local_sockets.hpp"
#include "servicekit/policy/control_policy.hpp"

namespace servicekit::policies {

/// One client. Finds the requests in its input, passes them on one at a time, and sends the replies in order.
///
/// It is the Responder of the request in progress. Any thread may call those members, which send at once on that
/// thread; the loop's thread is called only if it has something left to do. All other members are for the loop's
/// thread.
class ControlConnection final : public Responder, public std::enable_shared_from_this<ControlConnection> {
public:
    using Tick = ControlServer::Tick;

    /// Whether it counts among the connections that its user may have. If there were too many when it connected, it
    /// waits for a few turns of the loop: its client may have closed other connections, which the loop notices later.
    enum class Admission { admitted, awaited, refused };

    ControlConnection(ControlServer& server, std::unique_ptr<os::LocalConnection> socket, Peer peer,
                      Admission admission);

    bool progress(std::string_view line) override;
    Sent send_item(std::string_view line, std::function<void()> on_room) override;
    void reply(std::string_view line) override;
    void reply_and_close(std::string_view line) override;
    [[nodiscard]] std::vector<gid_t> peer_groups() override;  // for the loop's thread

    /// Serves what has already arrived, at once or in its turn.
    void begin();
    /// Receives and serves until its time is over or nothing is left.
    void take_turn();
    /// Handles the passing of one tick.
    void tick();
    /// Closes it, after its replies have been sent.
    /// \param waits how many more times to wait ten milliseconds for the client to read; counted down
    void finish(unsigned& waits);

    [[nodiscard]] bool is_open() const noexcept { return open_; }
    [[nodiscard]] Admission admission() const noexcept { return admission_; }
    [[nodiscard]] const Peer& peer() const noexcept { return peer_; }

    /// Index among the server's connections.
    std::size_t position = 0;

private:
    using Waiters = std::vector<std::function<void()>>;

    template <class Step>
    void take_step(const Step& step);
    void break_off(const std::exception& exception);
    void on_readable();
    void on_writable();
    void on_called();
    /// Takes a turn; an operator's connection takes it at once.
    void proceed();
    void serve_turn();
    [[nodiscard]] bool is_admission_decided();
    [[nodiscard]] bool is_turn_over() const;

    std::size_t receive();
    [[nodiscard]] std::size_t receives_at_once() const;
    void take(std::string_view fresh);
    void serve_buffered();
    [[nodiscard]] std::size_t serve(std::string_view bytes);
    [[nodiscard]] bool ask(std::string_view text, bool is_last);
    void refuse(const Refusal& refusal);
    void refuse_unreadable(JsonScanner::State state);
    void drop_input();
    void buffer_changed();
    void settle();
    void go_on_later();
    void count_replies(std::size_t unread);
    void drain();
    void await(bool readable, bool writable);
    void end();
    [[nodiscard]] bool has_unsent();
    [[nodiscard]] bool is_sending();
    /// Returns the number of bytes of an unfinished request, or after the one in progress.
    [[nodiscard]] std::size_t buffered() const noexcept { return input_.size() - taken_; }
    /// Returns true if some of them have not been scanned.
    [[nodiscard]] bool has_more() const noexcept { return scanned_ < buffered(); }

    /// Returns a lock of the mutex; an unlocked one if no other thread may change what the mutex guards.
    [[nodiscard]] std::unique_lock<std::mutex> lock_if_shared();
    /// Notes whether another thread may still change that. For the loop's thread, with the mutex if `is_shared_`.
    void note_sharing() noexcept { is_shared_ = !open_ || awaiting_ || outbox_.is_sending(); }

    // With the mutex held:
    [[nodiscard]] bool may_ask() const;
    [[nodiscard]] bool is_overdue() const;
    void answer(std::string_view line, std::unique_lock<std::mutex>& lock);
    void send(std::string_view line, std::unique_lock<std::mutex>& lock);
    void call_loop();
    /// Returns the callbacks that wait for room, if there is room or never will be.
    [[nodiscard]] Waiters take_waiters();

    ControlServer& server_;  ///< valid while open_
    Admission admission_;
    unsigned admission_attempts_ = 0;
    Peer peer_;
    const bool goes_first_;     ///< it is an operator's
    bool is_queued_ = false;    ///< it waits for its turn
    bool may_receive_ = false;  ///< there may be something to receive
    /// After its first reply, a stranger's connection takes another turn instead of being watched: many clients ask
    /// once, and have closed by then.
    bool takes_another_turn_ = false;
    bool knows_groups_;

    std::unique_ptr<os::Watch> watch_;
    bool awaits_readable_ = false;
    bool awaits_writable_ = false;

    const std::size_t max_request_bytes_;
    JsonScanner scanner_;
    std::string input_;
    std::size_t taken_ = 0;    ///< bytes of `input_` that are consumed
    std::size_t scanned_ = 0;  ///< scanned bytes after those: an unfinished request
    std::size_t counted_ = 0;  ///< buffered bytes that the quota has counted
    bool within_quota_ = true;
    std::size_t counted_replies_ = 0;  ///< unread bytes of replies that the quota has counted
    unsigned in_a_row_ = 0;            ///< requests taken in this turn
    bool had_request_ = false;
    bool peer_finished_ = false;  ///< the client has closed its sending side
    bool closing_ = false;        ///< an error was sent: no more requests are taken
    bool draining_ = false;       ///< and the reply has been sent
    std::size_t drained_ = 0;
    Tick began_ = 0;  ///< when the connection, or a later unfinished request, began
    Tick draining_since_ = 0;

    /// Another thread may change what the mutex guards: it may answer the request in progress, or is sending. Without a
    /// request in progress, the Responder's members only look at `open_` and `awaiting_`.
    bool is_shared_ = false;
    std::mutex mutex_;  ///< guards what follows; `open_` and `socket_` change with it held, on the loop's thread
    bool open_ = true;
    std::shared_ptr<os::LocalConnection> socket_;  ///< shared with a thread that is sending
    bool awaiting_ = false;                        ///< a request is in progress
    bool corked_ = false;              ///< replies are kept until the loop's thread sends them, several at once
    bool is_last_ = false;             ///< and no request follows the one in progress
    bool call_on_reply_ = false;       ///< the loop's thread has something to do after the reply
    bool closes_after_reply_ = false;  ///< the last input was not a request
    bool called_ = false;              ///< the loop's thread was called and has not run yet
    Waiters waiters_;                  ///< called when the client has read enough for another item
    Outbox outbox_;
};

}  // namespace servicekit::policies

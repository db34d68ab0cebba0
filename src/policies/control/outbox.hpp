#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "policies/control/control_server.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit::policies {

/// What is on its way to one client, in order: sent at once as far as the client takes it, kept otherwise.
/// Used by several threads under a lock of theirs; send() lets that go while the kernel sends.
class Outbox {
public:
    using Tick = ControlServer::Tick;

    /// \param created as all times here: ControlServer::now()
    explicit Outbox(Tick created) noexcept : moved_{created} {}

    /// Sends the line, behind what is kept and what another thread is just sending, which then sends this, too.
    /// The lock is held before and after, and not while the kernel sends: the client may have read the line, and what
    /// it asks next be served by another thread, before send(2) is back.
    void send(const std::shared_ptr<os::LocalConnection>& socket, std::string_view line, Tick now,
              std::unique_lock<std::mutex>& lock);
    /// Keeps the line for the next flush(): several go out faster together.
    void keep(std::string_view line);
    /// Sends what is kept, with the lock held; nothing where another thread is just sending, which sees to that.
    void flush(os::LocalConnection& socket, Tick now);
    /// Sends one space, or nothing where the client does not take it now. JSON allows it before a line.
    void send_space(os::LocalConnection& socket);
    void give_up() noexcept { broken_ = true; }

    /// Bytes that are kept.
    [[nodiscard]] std::size_t backlog() const noexcept { return backlog_; }
    /// Whether a thread is in send(), the lock let go.
    [[nodiscard]] bool is_sending() const noexcept { return sending_; }
    /// Whether the client takes nothing any more, ever.
    [[nodiscard]] bool is_broken() const noexcept { return broken_; }
    /// When a line last went out, in part at least, or began to wait.
    [[nodiscard]] Tick moved() const noexcept { return moved_; }

private:
    /// In pieces, so that what a slow client has read does not stay in memory until it has read all. The last may be
    /// empty, for the next line.
    std::list<std::string> kept_;
    std::size_t sent_ = 0;     ///< how much of the first piece is out
    std::size_t backlog_ = 0;  ///< of all pieces, less that
    bool sending_ = false;
    bool broken_ = false;
    Tick moved_;
};

}  // namespace servicekit::policies

#pragma once

#include <cstddef>
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
    void keep(std::string_view line) { kept_ += line; }
    /// Sends what is kept, with the lock held; nothing where another thread is just sending, which sees to that.
    void flush(os::LocalConnection& socket, Tick now);
    /// Sends one space, or nothing where the client does not take it now. JSON allows it before a line.
    void send_space(os::LocalConnection& socket);
    void give_up() noexcept { broken_ = true; }

    /// Bytes that are kept.
    [[nodiscard]] std::size_t backlog() const noexcept { return kept_.size() - sent_; }
    /// Whether a thread is in send(), the lock let go.
    [[nodiscard]] bool is_sending() const noexcept { return sending_; }
    /// Whether the client takes nothing any more, ever.
    [[nodiscard]] bool is_broken() const noexcept { return broken_; }
    /// When a line last went out, in part at least, or began to wait.
    [[nodiscard]] Tick moved() const noexcept { return moved_; }

private:
    std::string kept_;
    std::size_t sent_ = 0;  ///< how much of `kept_` is out
    bool sending_ = false;
    bool broken_ = false;
    Tick moved_;
};

/// Empties a buffer, and gives its memory back where that is much.
void clear_buffer(std::string& buffer);

}  // namespace servicekit::policies

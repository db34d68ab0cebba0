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

/// Data for one client, in order. It is sent at once as far as the client takes it, and kept otherwise. Several threads
/// use it under their lock; send() releases the lock while the kernel sends.
class Outbox {
public:
    using Tick = ControlServer::Tick;

    /// \param created like all times here: ControlServer::now()
    explicit Outbox(Tick created) noexcept : moved_{created} {}

    /// Sends the line after the kept ones. If another thread is sending, that thread sends this line, too. The lock is
    /// held before and after, but not while the kernel sends: before send(2) returns, the client may have read the
    /// line, and another thread may serve its next request.
    void send(const std::shared_ptr<os::LocalConnection>& socket, std::string_view line, Tick now,
              std::unique_lock<std::mutex>& lock);
    /// Does the same with the lock held while the kernel sends.
    void send_locked(os::LocalConnection& socket, std::string_view line, Tick now);
    /// Keeps the line for the next flush(), because several are faster when sent together.
    void keep(std::string_view line);
    /// Sends the kept lines with the lock held. Does nothing if another thread is sending, as that thread sends them.
    void flush(os::LocalConnection& socket, Tick now);
    /// Sends one space, or nothing if the client does not take it now. JSON allows a space before a line.
    void send_space(os::LocalConnection& socket);
    void give_up() noexcept { broken_ = true; }

    /// Returns the number of kept bytes.
    [[nodiscard]] std::size_t backlog() const noexcept { return backlog_; }
    /// Returns true if a thread is in send() with the lock released.
    [[nodiscard]] bool is_sending() const noexcept { return sending_; }
    /// Returns true if the client will never take anything again.
    [[nodiscard]] bool is_broken() const noexcept { return broken_; }
    /// Returns when a line was last sent, at least in part, or began to wait.
    [[nodiscard]] Tick moved() const noexcept { return moved_; }

private:
    /// In pieces, so that memory is released while a slow client reads. The last piece may be empty, for the next line.
    std::list<std::string> kept_;
    std::size_t sent_ = 0;     ///< bytes of the first piece that are sent
    std::size_t backlog_ = 0;  ///< bytes of all pieces that are not sent
    bool sending_ = false;
    bool broken_ = false;
    Tick moved_;
};

}  // namespace servicekit::policies

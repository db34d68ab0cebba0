#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "policies/control/control_server.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit::policies {

/// What is on its way to one client, in order: sent at once as far as the client takes it, kept otherwise.
/// Not thread-safe.
class Outbox {
public:
    using Tick = ControlServer::Tick;

    /// \param created as all times here: ControlServer::now()
    explicit Outbox(Tick created) noexcept : moved_{created} {}

    /// Sends the line, behind what is kept.
    void send(os::LocalConnection& socket, std::string_view line, Tick now);
    /// Keeps the line for the next flush(): several go out faster together.
    void keep(std::string_view line) { kept_ += line; }
    void flush(os::LocalConnection& socket, Tick now);
    /// Sends one space, or nothing where the client does not take it now. JSON allows it before a line.
    void send_space(os::LocalConnection& socket);
    void give_up() noexcept { broken_ = true; }

    /// Bytes that are kept.
    [[nodiscard]] std::size_t backlog() const noexcept { return kept_.size() - sent_; }
    /// Whether the client takes nothing any more, ever.
    [[nodiscard]] bool is_broken() const noexcept { return broken_; }
    /// When a line last went out, in part at least, or began to wait.
    [[nodiscard]] Tick moved() const noexcept { return moved_; }

private:
    std::string kept_;
    std::size_t sent_ = 0;  ///< how much of `kept_` is out
    bool broken_ = false;
    Tick moved_;
};

/// Empties a buffer, and gives its memory back where that is much.
void clear_buffer(std::string& buffer);

}  // namespace servicekit::policies

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/peer.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/transfer.hpp"

namespace servicekit::os {

/// A connected stream socket in the unix domain, non-blocking, close-on-exec, closed when destroyed.
/// One thread may receive while another sends. Its descriptor is closed in children of fork(2), as a copy there
/// would keep the peer waiting for the end.
class LocalConnection {
public:
    virtual ~LocalConnection() = default;
    virtual Transfer receive(std::span<char> buffer) = 0;
    /// Never raises SIGPIPE.
    virtual Transfer send(std::string_view bytes) = 0;
    virtual void shut_down_sending() = 0;
    /// pid, uid and gid; cheap after the first call.
    [[nodiscard]] virtual Peer peer() const = 0;
    /// The peer's supplementary groups, asked of the kernel at each call.
    [[nodiscard]] virtual std::vector<gid_t> peer_groups() const = 0;
    /// For EventLoop::watch(); a fake gives a number of its own.
    [[nodiscard]] virtual int descriptor() const = 0;
    /// For a client without a loop: waits until something can be received.
    /// \returns false where the time was up first.
    virtual bool wait_until_readable(std::chrono::milliseconds at_most) = 0;
    virtual bool wait_until_writable(std::chrono::milliseconds at_most) = 0;
};

/// A listening socket, bound to a path. Closed when destroyed; the process that bound it removes its file then, if that
/// can be done. Its descriptor is closed in children of fork(2).
class LocalListener {
public:
    virtual ~LocalListener() = default;
    /// \returns null where nobody waits; an error (EMFILE, ENFILE, ENOBUFS, ENOMEM) where the caller should pause.
    virtual Result<std::unique_ptr<LocalConnection>> accept() = 0;
    /// Removes the socket's file, where that is still this very socket.
    /// \returns an error where it is ours but can't be removed.
    virtual Result<void> remove_file() = 0;
    /// Gives the socket's file to a user, for a process that is about to become that user.
    virtual Result<void> change_owner(uid_t uid, gid_t gid) = 0;
    /// What the file system refused although the socket can be used: an owner, or permissions wider than it has now.
    [[nodiscard]] virtual std::optional<Error> shortcoming() const { return std::nullopt; }
    /// The group that the socket's file belongs to.
    [[nodiscard]] virtual Result<gid_t> group() const = 0;
    [[nodiscard]] virtual int descriptor() const = 0;
};

struct LocalSocketAccess {
    mode_t permissions = 0600;
    std::optional<uid_t> owner = {};
    std::optional<gid_t> group = {};
};

/// Whether something listens at a path.
enum class Listening {
    yes,
    no,          ///< a socket that nobody listens on any more
    nothing,     ///< no such file
    not_socket,  ///< a file that is no socket
};

/// Sockets in the unix domain, by path; paths over the system's 107 bytes work too.
class LocalSockets {
public:
    virtual ~LocalSockets() = default;
    /// Binds and listens; at no instant is the socket open to more than `access` says.
    /// A socket file in the way is replaced, so the caller knows that nobody serves it (by holding a lock, or by
    /// having asked probe()); a file of another kind is an error and stays.
    virtual Result<std::unique_ptr<LocalListener>> listen(const std::string& path, const LocalSocketAccess& access) = 0;
    /// Takes over a socket that somebody else has bound to the path and that listens already. Its file stays theirs:
    /// remove_file() and change_owner() leave it alone. From here on the descriptor is the listener's, also where this fails.
    virtual Result<std::unique_ptr<LocalListener>> adopt(int descriptor, const std::string& path) = 0;
    /// Waits up to 5 s if too many wait to be accepted.
    virtual Result<std::unique_ptr<LocalConnection>> connect(const std::string& path) = 0;
    /// The same without waiting. \returns null if too many wait to be accepted: nothing tells when that is over
    virtual Result<std::unique_ptr<LocalConnection>> try_connect(const std::string& path) = 0;
    virtual Result<Listening> probe(const std::string& path) = 0;
    /// Whether nobody but a service manager (systemd) listens at the path, who would start a service for whoever
    /// connects. Does not connect. False also where this user may not see who listens.
    [[nodiscard]] virtual bool is_left_to_manager(const std::string& path) = 0;
};

[[nodiscard]] LocalSockets& posix_local_sockets();

}  // namespace servicekit::os

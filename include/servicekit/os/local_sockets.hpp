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
#include "servicekit/os/files.hpp"
#include "servicekit/os/transfer.hpp"

namespace servicekit::os {

/// A connected unix stream socket. It is non-blocking and close-on-exec, and is closed when destroyed. One thread may
/// receive while another sends. Its descriptor is closed in children of fork(2), because with a copy there the peer
/// would not see the end.
class LocalConnection {
public:
    virtual ~LocalConnection() = default;
    /// Takes the bytes that have arrived.
    virtual Transfer receive(std::span<char> buffer) = 0;
    /// Sends bytes. Never raises SIGPIPE.
    virtual Transfer send(std::string_view bytes) = 0;
    /// Ends the sending side, so that the peer finds the end of the input.
    virtual void shut_down_sending() = 0;
    /// The pid, uid and gid of the peer; cheap after the first call.
    [[nodiscard]] virtual Peer peer() const = 0;
    /// The peer's supplementary groups; each call asks the kernel.
    [[nodiscard]] virtual std::vector<gid_t> peer_groups() const = 0;
    /// The descriptor, for EventLoop::watch(). A fake returns a number of its own.
    [[nodiscard]] virtual int descriptor() const = 0;
    /// Waits until something can be received. For a client without a loop.
    /// \returns false if the time expired first
    virtual bool wait_until_readable(std::chrono::milliseconds at_most) = 0;
    /// Waits until something can be sent, like wait_until_readable().
    virtual bool wait_until_writable(std::chrono::milliseconds at_most) = 0;
};

/// A listening socket, bound to a path. It is closed when destroyed. The process that bound it then removes its file,
/// if possible. Its descriptor is closed in children of fork(2).
class LocalListener {
public:
    virtual ~LocalListener() = default;
    /// \returns null if no client is waiting; an error (EMFILE, ENFILE, ENOBUFS, ENOMEM) if the caller should pause
    virtual Result<std::unique_ptr<LocalConnection>> accept() = 0;
    /// Removes the socket's file if it is still that of this socket.
    /// \returns an error if it is, but cannot be removed
    virtual Result<void> remove_file() = 0;
    /// Gives the socket's file to the user that the process is about to become.
    virtual Result<void> change_owner(uid_t uid, gid_t gid) = 0;
    /// What the file system refused although the socket is usable: an owner, or wider permissions than the file has
    /// now.
    [[nodiscard]] virtual std::optional<Error> shortcoming() const { return std::nullopt; }
    /// The group of the socket's file.
    [[nodiscard]] virtual Result<gid_t> group() const = 0;
    /// The descriptor, for EventLoop::watch().
    [[nodiscard]] virtual int descriptor() const = 0;
};

/// The mode and the owners of a socket's file.
struct LocalSocketAccess {
    mode_t permissions = 0600;        ///< the mode of the file
    std::optional<uid_t> owner = {};  ///< nothing: the user of the process
    std::optional<gid_t> group = {};  ///< nothing: the group that the file gets by itself
};

/// The result of LocalSockets::probe().
enum class Listening {
    yes,
    no,          ///< a socket on which nobody listens any more
    nothing,     ///< no such file
    not_socket,  ///< a file that is not a socket
};

/// Unix sockets, by path. Paths longer than the system's limit of 107 bytes work too.
class LocalSockets {
public:
    virtual ~LocalSockets() = default;
    /// Binds and listens. At no time is the socket open to more users than `access` allows. A socket file at the path
    /// is replaced, so the caller must know that nobody serves it, because it holds a lock or has called probe(). A
    /// file of another kind is an error and stays.
    virtual Result<std::unique_ptr<LocalListener>> listen(const std::string& path, const LocalSocketAccess& access) = 0;
    /// Takes over a listening socket that another process has bound to the path. The file stays that of the other
    /// process: remove_file() and change_owner() do not change it. The listener owns the descriptor, also if this
    /// fails.
    virtual Result<std::unique_ptr<LocalListener>> adopt(int descriptor, const std::string& path) = 0;
    /// Connects. Waits up to 5 s if too many clients wait to be accepted.
    virtual Result<std::unique_ptr<LocalConnection>> connect(const std::string& path) = 0;
    /// Connects without waiting. \returns null if too many clients wait to be accepted; nothing reports when that is
    /// over
    /// \param links do_not_follow: connects only to a socket that is at the path itself, not to the target of a link.
    /// Root then follows no link from the first directory that another user can change; see Files.
    virtual Result<std::unique_ptr<LocalConnection>> try_connect(const std::string& path,
                                                                 Links links = Links::follow) = 0;
    /// Finds out whether a process listens at the path, by connecting.
    virtual Result<Listening> probe(const std::string& path) = 0;
    /// \returns true if only a service manager (systemd) listens at the path, which would start the service for a
    ///          client that connects. Does not connect. Also false if this user cannot see who listens.
    [[nodiscard]] virtual bool is_left_to_manager(const std::string& path) = 0;
    /// \returns the paths at which service managers listen, alone or together with a service, as far as this user can
    ///          see it. Connects to nothing. For many sockets it is faster than is_left_to_manager().
    [[nodiscard]] virtual std::vector<std::string> paths_of_managers() = 0;
};

/// Returns the real implementation.
[[nodiscard]] LocalSockets& posix_local_sockets();

}  // namespace servicekit::os

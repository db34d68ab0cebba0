#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit {

/// Control policy that takes requests over a unix stream socket. docs/protocol.md describes requests, replies
/// and limits.
///
/// The permissions of the socket decide who may connect; roles decide what a client may ask for. The service's own user
/// and root have the role `owner`, and the owner of the socket's file has `admin`. Other clients have the role that the
/// rules give to their credentials at connect time; a client without a rule has no access. Names are looked up once, by
/// open().
///
/// The owner of the socket and root are operators; all other users are strangers. Strangers have separate limits for
/// connections, unfinished requests and unread replies. Requests of operators are served at once. Strangers take turns:
/// each user gets the same share of time, and a user who asks rarely is served first. So a stranger cannot keep an
/// operator or another stranger from being served.
/// May be moved only before open().
class UnixSocketControl final : public ControlPolicy {
public:
    /// The socket's file, the access rules and the limits. Each has a default.
    struct Options {
        /// Absolute path of the socket. Default: empty, which means the control socket of the deployment.
        std::string path = {};
        /// Permissions of the socket's file. Default: 0600, the owner only. Use 0660 with `group` to let a group
        /// connect, or 0666 for everybody.
        mode_t permissions = 0600;
        std::string owner = {};  ///< of the socket's file, by name or number; empty: the user of the service
        std::string group = {};  ///< of the socket's file, by name or number; empty: the group of the service

        /// The clients that have each role, as `user:NAME`, `group:NAME` (also a supplementary group), `socket-group`
        /// or `everyone`. NAME is a name or a number. If several rules apply to a client, the highest role counts. By
        /// default the group of the socket may read, and nobody else has access.
        std::vector<std::string> read{"socket-group"};
        std::vector<std::string> operate = {};  ///< clients that may also reload the service and call its own events
        std::vector<std::string> admin = {};    ///< clients that may also stop the service

        /// Largest request in bytes, of clients with the role `operate` or above. Raise it for events with large
        /// arguments.
        std::size_t max_request_bytes = 1024 * 1024;
        /// The same for other clients. It is smaller, because reading a request takes time in which other clients wait.
        std::size_t max_request_bytes_of_readers = 8 * 1024;
        std::size_t max_depth = 64;  ///< deepest nesting of arrays and objects in a request

        std::size_t max_connections = 512;          ///< open connections of all clients
        std::size_t reserved_for_owner = 8;         ///< connections of these that only operators may use
        std::size_t max_connections_per_user = 64;  ///< connections of one stranger
        /// Descriptors of the process that the connections of strangers leave free for the log, the program and
        /// operators, but at most a quarter of RLIMIT_NOFILE. Operators leave an eighth of them free. Raise it if the
        /// program opens many files.
        std::size_t reserved_descriptors = 64;

        /// Bytes of all requests that are incomplete or wait behind another one of their connection. A stranger gets at
        /// most a quarter of it, and the size of one request is reserved for operators.
        std::size_t max_buffered_bytes = 16 * 1024 * 1024;
        /// Bytes of replies of one connection that the client has not read. Above it, no further request of the
        /// connection is served and progress is dropped; a client that then reads nothing for `idle_timeout` is
        /// disconnected. A single reply may be longer.
        std::size_t max_reply_backlog = 4 * 1024 * 1024;
        /// The same over all connections. A stranger gets at most a quarter of it, and the backlog of one connection is
        /// reserved for operators. A user without unread replies is always served.
        std::size_t max_buffered_replies = 16 * 1024 * 1024;

        /// Time limit for the first request of a connection, and for each later request from its first byte on. A
        /// client must also read some of its waiting replies within this time.
        std::chrono::milliseconds first_request_timeout{60'000};
        std::chrono::milliseconds idle_timeout{5'000};  ///< how long a connection may stay idle after a reply
        /// How often a client that has closed its sending side gets a space while it waits for its reply. It is also
        /// the resolution of the other times.
        std::chrono::milliseconds keep_alive_space{200};
    };

    UnixSocketControl();
    /// \param host the operating system; tests pass fakes
    explicit UnixSocketControl(Options options, const os::Host& host = os::posix_host());
    UnixSocketControl(UnixSocketControl&& other) noexcept;
    UnixSocketControl& operator=(UnixSocketControl&& other) noexcept;
    ~UnixSocketControl() override;

    /// Takes the settings. Access rules of the deployment override the options.
    void configure(const Deployment& deployment) override;
    [[nodiscard]] ControlAccess access() const override;
    /// Binds the socket and listens. A socket file that nobody serves is replaced. A socket that the service manager
    /// opened is used as it is, with the owner and permissions that the manager gave it, and stays when the service
    /// ends.
    /// \returns an error of ExitCode::already_running if another process serves the socket, even if the lock is free.
    Result<void> open(Requests& requests, os::EventLoop& loop) override;
    /// The path of the socket.
    [[nodiscard]] std::string endpoint() const override;
    [[nodiscard]] bool has_fixed_status() const noexcept override { return true; }
    [[nodiscard]] std::optional<ControlCounts> counts() const override;
    /// Gives the socket's file to the user, except for an owner and a group that the options name.
    Result<void> change_owner(uid_t uid, gid_t gid) override;
    void close() noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit

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

/// Control policy that takes requests over a stream socket in the unix domain. docs/protocol.md describes requests,
/// replies and limits.
///
/// The socket's permissions decide who may connect, rules what a peer may then ask for: the service's own user, the
/// owner of the socket and root whatever there is; others what the options or the deployment give them, by the
/// credentials that they connected with, and nothing where no rule names them. Names are looked up once, by open().
///
/// The owner of the socket and root are the operators; all others are strangers. Strangers have limits of their own for
/// connections, unfinished requests and unread replies. Requests of operators are served at once. Strangers take turns
/// by the time that their requests take, each user the same, those who ask little first. So no stranger keeps an
/// operator, or another stranger, from being served.
/// May be moved before open(), and not later.
class UnixSocketControl final : public ControlPolicy {
public:
    struct Options {
        std::string path = {};      ///< absolute; empty: the deployment's control socket
        mode_t permissions = 0600;  ///< of the socket's file
        std::string owner = {};     ///< of the socket's file, by name or number; empty: who the service runs as
        std::string group = {};     ///< as owner

        /// Who has which role, each as `user:NAME`, `group:NAME` (a supplementary one will do), `socket-group` or
        /// `everyone`; names or numbers. The highest role that a rule gives counts.
        std::vector<std::string> read{"socket-group"};
        std::vector<std::string> operate = {};
        std::vector<std::string> admin = {};

        std::size_t max_request_bytes = 1024 * 1024;
        /// The same for a client without the role `operate`: reading a request takes time that others wait for.
        std::size_t max_request_bytes_of_readers = 8 * 1024;
        std::size_t max_depth = 64;  ///< of nested arrays and objects in a request

        std::size_t max_connections = 512;
        std::size_t reserved_for_owner = 8;         ///< of these, kept for operators
        std::size_t max_connections_per_user = 64;  ///< of one stranger
        /// Descriptors of the process that the connections of strangers leave free, for the log, the program, and
        /// operators; at most a quarter of the limit RLIMIT_NOFILE. Operators leave an eighth of them free.
        std::size_t reserved_descriptors = 64;

        /// Over all requests that are not yet whole or wait behind another of their connection. A stranger gets a
        /// quarter of it at most, and one request's worth is kept for operators.
        std::size_t max_buffered_bytes = 16 * 1024 * 1024;
        /// Of one connection, replies that its client has not read. Beyond it no further request is taken from there,
        /// progress is dropped, and a client that then reads nothing for `idle_timeout` is cut off.
        /// A single reply may be longer.
        std::size_t max_reply_backlog = 4 * 1024 * 1024;
        /// The same over all connections. A stranger gets a quarter of it at most, and one connection's backlog is kept
        /// for operators. A user who has no unread reply is always served.
        std::size_t max_buffered_replies = 16 * 1024 * 1024;

        /// For the first request of a connection, and for each later one from its first byte on. Also for a client to
        /// take at least some of the replies that wait for it.
        std::chrono::milliseconds first_request_timeout{60'000};
        std::chrono::milliseconds idle_timeout{5'000};  ///< after an answer
        /// How often a client that has closed its sending side gets a space while it awaits its answer.
        /// Times are measured in steps of this.
        std::chrono::milliseconds keep_alive_space{200};
    };

    UnixSocketControl();
    explicit UnixSocketControl(Options options, const os::Host& host = os::posix_host());
    UnixSocketControl(UnixSocketControl&& other) noexcept;
    UnixSocketControl& operator=(UnixSocketControl&& other) noexcept;
    ~UnixSocketControl() override;

    /// What the deployment says about access goes before the options.
    void configure(const Deployment& deployment) override;
    [[nodiscard]] ControlAccess access() const override;
    /// A socket that nobody serves any more is replaced. One that the service manager opened is taken over as it is,
    /// with the owner and permissions that the manager gave it, and stays when the service ends.
    /// \returns an error of ExitCode::already_running where somebody does serve it, lock or no lock.
    Result<void> open(Requests& requests, os::EventLoop& loop) override;
    /// The socket's path.
    [[nodiscard]] std::string endpoint() const override;
    /// Gives the socket's file to the user, save what the options say about its owner and group.
    Result<void> change_owner(uid_t uid, gid_t gid) override;
    void close() noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit

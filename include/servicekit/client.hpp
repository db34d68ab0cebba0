#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/base/peer.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/call_error.hpp"
#include "servicekit/os/interfaces.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit {

/// How far an event is, as its handler tells.
struct Progress {
    std::uint64_t done = 0;
    std::uint64_t total = 0;  ///< 0 where it is not known
    std::string message = {};
};

/// Whether the turn of an event has come, among all that the service is asked for.
struct Turn {
    bool has_come = false;     ///< it runs
    std::uint64_t id = 0;      ///< as `cancel` takes it; 0: the service is of an older version, or the event has none
    std::string running = {};  ///< what runs before it, while it is queued; may be empty for an instant
};

struct CallOptions {
    /// The timeout of a call within a handler that gives none.
    static constexpr std::chrono::seconds timeout_in_handlers{30};

    /// How long the caller will wait; nothing: for as long as it takes, and in a handler for timeout_in_handlers. The
    /// service is told: an event that is still queued by then is taken out, one that runs goes on, and the reply is the
    /// error `timeout`.
    std::optional<std::chrono::milliseconds> timeout = {};
    /// Of `stop` and `kill` only: the reply comes when the service has ended, and is an error if a stop was not clean.
    /// on_turn is called when the end begins.
    bool wait = false;
    /// Asked now and then while call() waits: whether the caller has had enough. Then the call ends with an error of
    /// EINTR, and the event goes on.
    std::function<bool()> is_given_up = {};
    /// Called while call() waits, for each progress that the service tells. What it throws ends the call.
    std::function<void(const Progress&)> on_progress = {};
    /// Called while call() waits: when the event is queued, each time that another one begins before it, and when it
    /// begins itself. Not for an event that the service answers at once, and not by a service of an older version.
    std::function<void(const Turn&)> on_turn = {};
    /// Called while call() waits, for each object that the event sends ahead of its reply. The event waits while this
    /// function does not return. Without it those objects are in the reply's field `items`. What it throws ends the call.
    std::function<void(const Object& item)> on_item = {};
};

/// Asks a running service for an event over its control socket, and waits for the reply.
/// \code
/// const auto reply = servicekit::call("/run/greeter.control", "greet", {{"name", "you"}}, {.timeout = 10s});
/// if (!reply) return complain(reply.error().what());
/// std::cout << reply->get<std::string>("text") << '\n';
/// \endcode
/// As Client::connect() and Client::call(). From any thread.
Result<Object, CallError> call(const std::string& path, std::string_view event, const Object& arguments = {},
                               const CallOptions& options = {}, const os::Host& host = os::posix_host());

/// Talks to a running service over its control socket, blocking. AsyncClient does not block.
/// \code
/// auto client = servicekit::Client::connect("/run/just-another-server.control");
/// if (!client) return complain(client.error());
/// auto reply = client->call("backup", {{"directory", "/var/backups"}}, {.timeout = 30s});
/// if (!reply) return reply.error().code() == "not-allowed" ? ask_admin() : complain(reply.error().error());
/// \endcode
/// Talks to a service of root or of this process's user only, or of the users that the caller names: anybody may listen in
/// a directory that is open to others.
/// Not thread-safe: one thread at a time. It connects again if the service has closed the connection for being idle, or if
/// an earlier call was given up.
///
/// A handler of a service may call another service. The call ends when the time of the handler's own caller is up, or the
/// handler is asked to end, if that is before its timeout. So services that call each other in a circle do not wait for
/// ever. A call to the handler's own service is an error of EDEADLK at once: ServiceBase::trigger() runs its events.
class Client {
public:
    /// To a service of root or of this process's user.
    /// \returns ExitCode::permission if another user serves the socket; nothing was sent to it then
    static Result<Client> connect(std::string path, const os::Host& host = os::posix_host());
    /// To a service of root or of one of these users.
    static Result<Client> connect(std::string path, std::vector<uid_t> users, const os::Host& host = os::posix_host());
    /// To the same service once more, for what is asked while a call waits.
    [[nodiscard]] Result<Client> connect_again() const;

    /// Asks for an event and waits for its reply.
    /// \returns the reply, or a CallError. After ExitCode::timeout the event may have run, or may yet. ExitCode::usage means
    ///          that nothing was asked: JSON can't express an argument, or a handler calls its own service.
    Result<Object, CallError> call(std::string_view event, const Object& arguments = {},
                                   const CallOptions& options = {});

    /// The process that listens, as the kernel knows it.
    [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    friend Result<Object, CallError> call(const std::string& path, std::string_view event, const Object& arguments,
                                          const CallOptions& options, const os::Host& host);

    Client(std::string path, std::vector<uid_t> users, std::shared_ptr<const os::Host> host);
    Result<void> open_connection();
    /// Within the limits of a call.
    Result<void> open_connection(const class CallLimits& limits);
    Result<void> take(Result<std::unique_ptr<os::LocalConnection>> connection);
    [[nodiscard]] bool is_connection_fresh();

    std::string path_;
    std::vector<uid_t> users_;
    std::shared_ptr<const os::Host> host_;
    Peer peer_;
    std::unique_ptr<os::LocalConnection> connection_;  ///< null while a reply is awaited, or after it never came
    std::chrono::steady_clock::time_point last_used_{};
};

}  // namespace servicekit

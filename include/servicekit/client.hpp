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

/// How far an event has come, as its handler reports it. The units are the handler's.
struct Progress {
    std::uint64_t done = 0;    ///< as far as it is done
    std::uint64_t total = 0;   ///< 0 if unknown
    std::string message = {};  ///< what the event does now, for people; may be empty
};

/// The place of an event among all that the service was asked for.
struct Turn {
    bool has_come = false;  ///< the event runs; false: it is queued
    /// The number that `cancel` takes; 0 if the service is of an older version or the event has no number.
    std::uint64_t id = 0;
    std::string running = {};  ///< the event that runs before a queued one; may be empty for an instant
};

/// The options of a call. Each has a default.
struct CallOptions {
    /// The timeout of a call that is made in a handler without a timeout.
    static constexpr std::chrono::seconds timeout_in_handlers{30};

    /// How long the caller waits. Default: without limit, but timeout_in_handlers in a handler. The service gets the
    /// timeout too: if it expires, an event that is still queued is dropped, one that runs goes on, and the reply is
    /// the error `timeout`.
    std::optional<std::chrono::milliseconds> timeout = {};
    /// For `stop` and `kill` only. If true, the reply arrives when the service has ended, and is an error if a stop was
    /// not clean. on_turn is called when the stop begins. Default: the reply arrives when the stop is requested.
    bool wait = false;
    /// Called about every 100 ms while call() waits. If it returns true, the call ends with an error of EINTR. The
    /// event goes on.
    std::function<bool()> is_given_up = {};
    /// Called while call() waits, for each progress report of the service. An exception from it ends the call.
    std::function<void(const Progress&)> on_progress = {};
    /// Called while call() waits: when the event is queued, each time that another event begins before it, and when it
    /// begins itself. Not called for an event that the service answers at once, nor by a service of an older version.
    std::function<void(const Turn&)> on_turn = {};
    /// Called while call() waits, for each object that the event sends ahead of its reply. The event waits until the
    /// function returns. Without it those objects are in the field `items` of the reply. An exception from it ends the
    /// call.
    std::function<void(const Object& item)> on_item = {};
};

/// Calls an event of a running service over its control socket, and waits for the reply.
/// \code
/// const auto reply = servicekit::call("/run/greeter.control", "greet", {{"name", "you"}}, {.timeout = 10s});
/// if (!reply) return complain(reply.error().what());
/// std::cout << reply->get<std::string>("text") << '\n';
/// \endcode
/// Connects and calls as Client::connect() and Client::call() do. May be called from any thread.
Result<Object, CallError> call(const std::string& path, std::string_view event, const Object& arguments = {},
                               const CallOptions& options = {}, const os::Host& host = os::posix_host());

/// Talks to a running service over its control socket. Its calls block; those of AsyncClient do not.
/// \code
/// auto client = servicekit::Client::connect("/run/just-another-server.control");
/// if (!client) return complain(client.error());
/// auto reply = client->call("backup", {{"directory", "/var/backups"}}, {.timeout = 30s});
/// if (!reply) return reply.error().code() == "not-allowed" ? ask_admin() : complain(reply.error().error());
/// \endcode
/// It talks only to a service of root or of this process's user, or of the users that the caller names. In a directory
/// that others may write, anybody can listen at the path.
/// Not thread-safe: use it from one thread at a time. It reconnects if the service has closed an idle connection, or
/// after a call that was given up.
///
/// A handler of a service may call another service. Such a call ends at its timeout, or earlier if the handler's own
/// caller stops waiting or the handler is asked to end. So services that call each other in a circle do not wait for
/// ever. A call to the handler's own service fails at once with EDEADLK; use ServiceBase::trigger() for its events.
class Client {
public:
    /// Connects to a service of root or of this process's user.
    /// \returns ExitCode::permission if another user serves the socket; nothing was sent to it then
    static Result<Client> connect(std::string path, const os::Host& host = os::posix_host());
    /// Connects to a service of root or of one of these users.
    static Result<Client> connect(std::string path, std::vector<uid_t> users, const os::Host& host = os::posix_host());
    /// Opens a second connection to the same service, for requests that are made while a call waits.
    [[nodiscard]] Result<Client> connect_again() const;

    /// Calls an event and waits for its reply.
    /// \returns the reply, or a CallError. After ExitCode::timeout the event may have run, or may run later.
    ///          ExitCode::usage means that nothing was sent: JSON cannot express an argument, or a handler called its
    ///          own service.
    Result<Object, CallError> call(std::string_view event, const Object& arguments = {},
                                   const CallOptions& options = {});

    /// The process that listens on the socket, as the kernel reports it.
    [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
    /// The path of the control socket.
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    friend Result<Object, CallError> call(const std::string& path, std::string_view event, const Object& arguments,
                                          const CallOptions& options, const os::Host& host);

    Client(std::string path, std::vector<uid_t> users, std::shared_ptr<const os::Host> host);
    Result<void> open_connection();
    /// Connects within the limits of a call.
    Result<void> open_connection(const class CallLimits& limits);
    Result<void> take(Result<std::unique_ptr<os::LocalConnection>> connection);
    [[nodiscard]] bool is_connection_fresh();

    std::string path_;
    std::vector<uid_t> users_;
    std::shared_ptr<const os::Host> host_;
    Peer peer_;
    std::unique_ptr<os::LocalConnection> connection_;  ///< null while a call waits, and after one that got no reply
    std::chrono::steady_clock::time_point last_used_{};
};

}  // namespace servicekit

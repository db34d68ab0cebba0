#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/client.hpp"

namespace servicekit {

/// Talks to a running service from the application's own event loop. It has no thread and never blocks, not even to
/// connect.
/// \code
/// servicekit::AsyncClient greeter{"/run/greeter.control"};
/// greeter.call("greet", {{"name", "you"}}, {.timeout = 10s}, [](auto reply) { show(reply); });
/// while (greeter.pending() > 0) {
///     pollfd watched{greeter.descriptor(), greeter.wants_to_write() ? POLLOUT : POLLIN, 0};
///     poll(&watched, 1, greeter.poll_timeout());
///     greeter.proceed();
/// }
/// \endcode
/// One call at a time is sent to the service. The others wait in the client, in the order in which they were made, and
/// their timeouts run. Use several clients for parallel calls.
///
/// It connects for its first call, and reconnects if the service has closed the connection. It trusts the same servers
/// as Client, and has the same limits in a handler. Not thread-safe: use it from one thread at a time.
class AsyncClient {
public:
    /// Takes the reply of a call, or its error.
    using OnReply = std::function<void(Result<Object, CallError> reply)>;

    /// Talks to a service of root or of this process's user.
    explicit AsyncClient(std::string path, const os::Host& host = os::posix_host());
    /// Talks to a service of root or of one of these users.
    AsyncClient(std::string path, std::vector<uid_t> users, const os::Host& host = os::posix_host());
    /// Drops all calls without calling their functions. An event that the service has begun goes on.
    ~AsyncClient();
    AsyncClient(AsyncClient&&) noexcept;
    AsyncClient& operator=(AsyncClient&&) noexcept;

    /// Queues a call and returns at once. This may change what descriptor(), wants_to_write() and next_deadline()
    /// return.
    /// \param options as for Client::call(); proceed() calls is_given_up
    /// \param on_reply called once by proceed(), with what Client::call() would return
    void call(std::string_view event, const Object& arguments, CallOptions options, OnReply on_reply);

    /// The descriptor to watch; -1 if there is none. It may change with each call() and proceed().
    [[nodiscard]] int descriptor() const noexcept;
    /// \returns true to wait until the descriptor is writable, false to wait until it is readable.
    [[nodiscard]] bool wants_to_write() const noexcept;
    /// The latest time for the next proceed() if the descriptor does not become ready; nothing if only the descriptor
    /// counts.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> next_deadline() const;
    /// The time until next_deadline() in milliseconds, as poll(2) and epoll_wait(2) take it; -1 if there is none.
    [[nodiscard]] int poll_timeout() const;
    /// Does what is possible without waiting. Calls the functions of calls that have ended or made progress; these may
    /// call call(), and may destroy this client. If one of them throws, the exception leaves proceed() and its call is
    /// over.
    /// If a handler that is asked to end calls it, the calls end with an error.
    /// Call it when the descriptor is ready or next_deadline() has passed. A call at any other time is harmless, and
    /// one from within proceed() does nothing.
    void proceed();

    /// The number of calls that have no reply yet.
    [[nodiscard]] std::size_t pending() const noexcept;
    /// The path of the control socket.
    [[nodiscard]] const std::string& path() const noexcept;

private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace servicekit

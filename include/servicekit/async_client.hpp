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

/// Talks to a running service from an event loop of the application's, and never blocks: it has no thread, and waits for
/// nothing, not even to connect.
/// \code
/// servicekit::AsyncClient greeter{"/run/greeter.control"};
/// greeter.call("greet", {{"name", "you"}}, {.timeout = 10s}, [](auto reply) { show(reply); });
/// while (greeter.pending() > 0) {
///     pollfd watched{greeter.descriptor(), greeter.wants_to_write() ? POLLOUT : POLLIN, 0};
///     poll(&watched, 1, greeter.poll_timeout());
///     greeter.proceed();
/// }
/// \endcode
/// One call at a time is with the service. Others wait here, in the order in which they were made, and their timeouts run.
/// For several calls at a time, use several clients.
///
/// It connects when it has a call, and again if the service has closed the connection. It trusts the same servers as Client,
/// and has the same limits within a handler. Not thread-safe: one thread at a time.
class AsyncClient {
public:
    using OnReply = std::function<void(Result<Object, CallError> reply)>;

    /// To a service of root or of this process's user.
    explicit AsyncClient(std::string path, const os::Host& host = os::posix_host());
    /// To a service of root or of one of these users.
    AsyncClient(std::string path, std::vector<uid_t> users, const os::Host& host = os::posix_host());
    /// Calls no function. An event that the service has begun goes on.
    ~AsyncClient();
    AsyncClient(AsyncClient&&) noexcept;
    AsyncClient& operator=(AsyncClient&&) noexcept;

    /// Queues a call, and returns at once. What descriptor(), wants_to_write() and next_deadline() return may change.
    /// \param options as for Client::call(); is_given_up is asked by proceed()
    /// \param on_reply called once by proceed(), with what Client::call() would return
    void call(std::string_view event, const Object& arguments, CallOptions options, OnReply on_reply);

    /// What to watch; -1 for nothing. May be another one after call() and proceed().
    [[nodiscard]] int descriptor() const noexcept;
    /// Whether to wait until the descriptor is writable; else until it is readable.
    [[nodiscard]] bool wants_to_write() const noexcept;
    /// When to call proceed() if the descriptor is not ready by then. Nothing: only the descriptor counts.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> next_deadline() const;
    /// The time until then as poll(2) and epoll_wait(2) take it: in milliseconds, -1 for nothing.
    [[nodiscard]] int poll_timeout() const;
    /// Does what can be done without waiting, and calls the functions of calls that are over or have progress. Those may
    /// call call(), and may destroy this client. What they throw leaves this, and the call is over.
    /// In a handler that is asked to end, the calls end here.
    /// For when the descriptor is ready or the deadline has come; harmless at any other time. Does nothing within itself.
    void proceed();

    /// How many calls have had no reply yet.
    [[nodiscard]] std::size_t pending() const noexcept;
    [[nodiscard]] const std::string& path() const noexcept;

private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace servicekit

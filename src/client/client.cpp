#include "servicekit/client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "client/call_limits.hpp"
#include "client/exchange.hpp"
#include "client/idle_connection.hpp"
#include "client/server_check.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_wait{60'000};
/// How often `is_given_up` is asked.
constexpr milliseconds question_interval{100};

}  // namespace

Result<Object, CallError> call(const std::string& path, std::string_view event, const Object& arguments,
                               const CallOptions& options, const os::Host& host) {
    return Client{path, own_users(host), std::make_shared<const os::Host>(host)}.call(event, arguments, options);
}

Client::Client(std::string path, std::vector<uid_t> users, std::shared_ptr<const os::Host> host)
    : path_{std::move(path)}, users_{std::move(users)}, host_{std::move(host)} {}

Result<Client> Client::connect(std::string path, const os::Host& host) {
    return connect(std::move(path), own_users(host), host);
}

Result<Client> Client::connect(std::string path, std::vector<uid_t> users, const os::Host& host) {
    Client client{std::move(path), std::move(users), std::make_shared<const os::Host>(host)};
    if (auto opened = client.open_connection(); !opened) return opened.error();
    return client;
}

Result<Client> Client::connect_again() const {
    Client client{path_, users_, host_};
    if (auto opened = client.open_connection(); !opened) return opened.error();
    return client;
}

Result<void> Client::open_connection() { return take(host_->sockets->connect(path_)); }

Result<void> Client::open_connection(const CallLimits& limits) {
    if (!limits.deadline()) return open_connection();
    const auto parking = host_->make_parking();
    while (true) {
        auto connection = host_->sockets->try_connect(path_);
        if (!connection || *connection != nullptr) return take(std::move(connection));
        if (const auto over = limits.over(*host_->clock, milliseconds::zero()))
            return Error{over->exit_code, "connect to", path_, "too many wait to be accepted, and " + over->reason,
                         over->errno_value};
        (void)parking->park_for(std::min(connect_interval, *limits.time_left(*host_->clock)));
    }
}

Result<void> Client::take(Result<std::unique_ptr<os::LocalConnection>> connection) {
    if (!connection) return connection.error();
    peer_ = (*connection)->peer();
    if (const auto refusal = refuse_server(path_, peer_, users_)) return *refusal;
    connection_ = std::move(*connection);
    last_used_ = host_->clock->steady_now();
    return {};
}

bool Client::is_connection_fresh() { return connection_ && is_usable_again(*connection_, last_used_, *host_->clock); }

Result<Object, CallError> Client::call(std::string_view event, const Object& arguments, const CallOptions& options) {
    const os::Clock& clock = *host_->clock;
    if (const auto refusal = refuse_arguments(event, arguments)) return *refusal;
    const CallLimits limits{options, clock};
    if (const auto over = limits.over(clock, milliseconds::zero())) return call_failure(event, path_, *over);
    if (!is_connection_fresh())
        if (auto opened = open_connection(limits); !opened) return opened.error();
    if (const auto refusal = limits.refuses(peer_, *host_->process)) return call_failure(event, path_, *refusal);

    CallOptions sent = options;
    sent.timeout = limits.time_left(clock);
    // The connection is taken back only after the reply. A call that ends earlier leaves lines that belong to no later
    // call.
    Exchange exchange{std::move(connection_), path_, std::string{event}, arguments, std::move(sent)};
    const bool asks = options.is_given_up != nullptr || limits.may_be_asked_to_end();
    while (true) {
        if (auto outcome = exchange.advance()) {
            connection_ = exchange.take_connection();
            last_used_ = clock.steady_now();
            return *std::move(outcome);
        }
        if (options.is_given_up && options.is_given_up()) return exchange.failed(os_error({}, {}, EINTR));
        if (const auto over = limits.over(clock, call_grace)) return exchange.failed(*over);
        if (exchange.is_behind()) continue;
        milliseconds at_most = asks ? question_interval : longest_wait;
        if (const auto left = limits.time_left(clock)) at_most = std::min(at_most, *left + call_grace);
        if (exchange.wants_to_send())
            exchange.connection().wait_until_writable(at_most);
        else
            exchange.connection().wait_until_readable(at_most);
    }
}

}  // namespace servicekit

#include "servicekit/client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <variant>

#include "base/durations.hpp"
#include "client/request_connection.hpp"
#include "client/server_check.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {
namespace {

using std::chrono::milliseconds;

/// A service closes a connection that was idle for 5 s; one that is nearly so may be closed just as we send,
/// and nobody could tell whether the request was taken.
constexpr std::chrono::seconds longest_idle{4};

/// How much longer than the service the client waits, so that it is the service that says `timeout`.
constexpr milliseconds grace{500};

/// Deep enough for whatever a handler returns, and far from what a stack can't take.
constexpr std::size_t deepest_reply = 512;

std::string encode_request(std::string_view event, const Object& arguments, const CallOptions& options) {
    Value::List request{Value{event}};
    Object wishes;
    if (options.on_progress) wishes.append("progress", true);
    if (options.on_turn) wishes.append("queue", true);
    if (options.timeout) {
        const auto time = std::max(*options.timeout, milliseconds{1});
        wishes.append("timeout", seconds_value(time));
    }
    if (options.wait) wishes.append("wait", true);
    if (!arguments.empty() || !wishes.empty()) request.emplace_back(arguments);
    if (!wishes.empty()) request.emplace_back(std::move(wishes));
    return to_json(Value{std::move(request)}) + "\n";
}

/// The value of the only member, where that is its name: what the protocol keeps for itself stands alone.
const Object* sole_member(const Object& reply, std::string_view name) {
    if (reply.size() != 1) return nullptr;
    const Value* value = reply.find(name);
    return value != nullptr && value->is_object() ? &value->as_object() : nullptr;
}

std::uint64_t count_of(const Object& object, std::string_view key) {
    const Value* value = object.find(key);
    if (value == nullptr || !value->is_number()) return 0;
    if (value->is_integer()) return static_cast<std::uint64_t>(std::max<std::int64_t>(value->as_integer(), 0));
    // Counts above 63 bits are read as a double.
    const double number = value->as_number();
    constexpr double limit = 18'446'744'073'709'549'568.0;
    return number >= 0 && number <= limit ? static_cast<std::uint64_t>(number) : 0;
}

/// Whether a service of an older version has refused the option `queue`, before it queued anything.
bool is_older_service(const CallError& error) {
    const Value* argument = error.fields().find("argument");
    const Value* expected = error.fields().find("expected");
    return error.code() == "bad-argument" && argument != nullptr && *argument == Value{"queue"} &&
           expected != nullptr && *expected == Value{"'progress' or 'timeout'"};
}

CallError error_reply(std::string_view event, Object error) {
    if (!error.contains("event")) error.set("event", event);
    return {error.get<std::string>("code", {}), error.get<std::string>("message", {}), error};
}

void notify(const CallOptions& options, const Object& progress) {
    if (const std::string state = progress.get<std::string>("state", {}); !state.empty()) {
        if (options.on_turn)
            options.on_turn({.has_come = state == "running", .running = progress.get<std::string>("running", {})});
    } else if (options.on_progress) {
        options.on_progress({.done = count_of(progress, "done"),
                             .total = count_of(progress, "total"),
                             .message = progress.get<std::string>("message", {})});
    }
}

}  // namespace

Client::Client(std::string path, std::vector<uid_t> users, os::LocalSockets& sockets, const os::Clock& clock)
    : path_{std::move(path)}, users_{std::move(users)}, sockets_{&sockets}, clock_{&clock} {}

Result<Client> Client::connect(std::string path) {
    const os::Host& host = os::posix_host();
    const uid_t self = host.process->effective_user();
    // As one of many whom this user namespace shows by one number, it could not tell itself from them.
    std::vector<uid_t> users;
    if (host.users->is_one_user(self)) users.push_back(self);
    return connect(std::move(path), std::move(users), host);
}

Result<Client> Client::connect(std::string path, std::vector<uid_t> users, const os::Host& host) {
    Client client{std::move(path), std::move(users), *host.sockets, *host.clock};
    if (auto opened = client.open_connection(); !opened) return opened.error();
    return client;
}

Result<Client> Client::connect_again() const {
    Client client{path_, users_, *sockets_, *clock_};
    if (auto opened = client.open_connection(); !opened) return opened.error();
    return client;
}

Result<void> Client::open_connection() {
    auto connection = sockets_->connect(path_);
    if (!connection) return connection.error();
    peer_ = (*connection)->peer();
    if (!may_serve(peer_, users_))
        return Error{ExitCode::permission, "talk to", path_, "it is served by " + describe_stranger(peer_)};
    connection_ = std::move(*connection);
    last_used_ = clock_->steady_now();
    return {};
}

bool Client::is_connection_fresh() {
    if (!connection_ || clock_->steady_now() - last_used_ > longest_idle) return false;
    // Nothing is awaited: all that can be there is the end.
    std::array<char, 1> nothing{};
    return connection_->receive(nothing).state == os::Transfer::State::would_block;
}

Result<Object, CallError> Client::call(std::string_view event, const Object& arguments, const CallOptions& options) {
    auto reply = call_once(event, arguments, options);
    if (reply || !options.on_turn || !is_older_service(reply.error())) return reply;
    CallOptions older = options;
    older.on_turn = nullptr;
    return call_once(event, arguments, older);
}

Result<Object, CallError> Client::call_once(std::string_view event, const Object& arguments,
                                            const CallOptions& options) {
    const auto failed = [&](const Error& cause) {
        return Error{cause.exit_code, "get a reply to '" + std::string{event} + "' from", path_, cause.reason,
                     cause.errno_value};
    };
    if (const auto fault = find_not_json(arguments))
        return Error{ExitCode::usage, "ask for", std::string{event},
                     "the argument '" + fault->pointer.substr(1) + "' has no form in JSON: " + fault->reason};
    RequestConnection::Deadline deadline;
    if (options.timeout) deadline = clock_->steady_now() + *options.timeout + grace;
    if (!is_connection_fresh())
        if (auto opened = open_connection(); !opened) return opened.error();

    // Given back once the reply is in: whatever ends the call before that leaves lines that answer nobody.
    auto connection = std::move(connection_);
    RequestConnection exchange{*connection, *clock_, deadline, options.is_given_up};
    const auto sent = exchange.send(encode_request(event, arguments, options));
    if (!sent && (sent.error().exit_code == ExitCode::timeout || sent.error().errno_value == EINTR))
        return failed(sent.error());

    while (true) {
        // A service that refuses a request half-way may have said why.
        auto line = exchange.receive_line();
        if (!line) return failed(sent ? line.error() : sent.error());
        auto parsed = parse_json(*line, deepest_reply);
        Value* reply = std::get_if<Value>(&parsed);
        if (reply == nullptr || !reply->is_object())
            return failed(Error{ExitCode::os, {}, {}, "what came is no reply but '" + line->substr(0, 40) + "'"});
        const Object& fields = reply->as_object();
        if (const Object* progress = sole_member(fields, "progress")) {
            notify(options, *progress);
            continue;
        }
        if (exchange.is_drained()) {
            connection_ = std::move(connection);
            last_used_ = clock_->steady_now();
        }
        if (const Object* error = sole_member(fields, "error")) return error_reply(event, *error);
        return fields;
    }
}

}  // namespace servicekit

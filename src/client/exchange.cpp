#include "client/exchange.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>
#include <variant>

#include "base/durations.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view white_space = " \t\r\n";

/// What one advance() reads at most, so that a service that sends without end does not keep its caller from looking at
/// the time.
constexpr unsigned lines_at_once = 256;
constexpr unsigned receives_at_once = 16;

/// Allows any reply that a handler is likely to return, and is far from a stack overflow.
constexpr std::size_t deepest_reply = 512;

std::string encode_request(std::string_view event, const Object& arguments, const CallOptions& options) {
    Value::List request{Value{event}};
    Object wishes;
    if (options.on_progress) wishes.append("progress", true);
    if (options.on_turn) wishes.append("queue", true);
    if (options.on_item) wishes.append("stream", true);
    if (options.timeout) {
        const auto time = std::max(*options.timeout, milliseconds{1});
        wishes.append("timeout", seconds_value(time));
    }
    if (options.wait) wishes.append("wait", true);
    if (!arguments.empty() || !wishes.empty()) request.emplace_back(arguments);
    if (!wishes.empty()) request.emplace_back(std::move(wishes));
    return to_json(Value{std::move(request)}) + "\n";
}

/// Returns the value of the only member if it has this name. The keys that the protocol reserves are always alone in
/// their line.
const Object* sole_member(const Object& reply, std::string_view name) {
    if (reply.size() != 1) return nullptr;
    const Value* value = reply.find(name);
    return value != nullptr && value->is_object() ? &value->as_object() : nullptr;
}

std::uint64_t count_of(const Object& object, std::string_view key) {
    const Value* value = object.find(key);
    if (value == nullptr || !value->is_number()) return 0;
    if (value->is_integer()) return static_cast<std::uint64_t>(std::max<std::int64_t>(value->as_integer(), 0));
    // Integers above 63 bits are read as a double.
    const double number = value->as_number();
    constexpr double limit = 18'446'744'073'709'549'568.0;
    return number >= 0 && number <= limit ? static_cast<std::uint64_t>(number) : 0;
}

/// Returns true if a service of an older version has refused an option that it does not know. It has queued nothing
/// then.
bool is_unknown_option(std::string_view option, const Object& error) {
    if (error.get<std::string>("code", {}) != "bad-argument") return false;
    const Value* argument = error.find("argument");
    const Value* expected = error.find("expected");
    if (argument == nullptr || *argument != Value{option} || expected == nullptr || !expected->is_string())
        return false;
    // It lists the options that it knows.
    const std::string& known = expected->as_string();
    return known.starts_with("'progress'") && known.find("'" + std::string{option} + "'") == std::string::npos;
}

/// Takes the options back that a service of an older version has refused. \returns whether there were any
bool withdraw_refused(CallOptions& options, const Object& error) {
    const bool is_older_than_turns = options.on_turn && is_unknown_option("queue", error);
    const bool is_older_than_items = options.on_item && is_unknown_option("stream", error);
    if (is_older_than_turns) options.on_turn = nullptr;
    if (is_older_than_turns || is_older_than_items) options.on_item = nullptr;
    return is_older_than_turns || is_older_than_items;
}

CallError error_reply(std::string_view event, Object error) {
    if (!error.contains("event")) error.set("event", event);
    return {error.get<std::string>("code", {}), error.get<std::string>("message", {}), error};
}

void notify(const CallOptions& options, const Object& progress) {
    if (const Value* item = progress.find("item"); item != nullptr && item->is_object()) {
        if (options.on_item) options.on_item(item->as_object());
    } else if (const std::string state = progress.get<std::string>("state", {}); !state.empty()) {
        if (options.on_turn)
            options.on_turn({.has_come = state == "running",
                             .id = count_of(progress, "id"),
                             .running = progress.get<std::string>("running", {})});
    } else if (options.on_progress) {
        options.on_progress({.done = count_of(progress, "done"),
                             .total = count_of(progress, "total"),
                             .message = progress.get<std::string>("message", {})});
    }
}

Error failure(std::string reason) { return Error{ExitCode::os, {}, {}, std::move(reason)}; }

Error too_long(std::size_t longest) {
    Error error = failure("it is longer than " + std::to_string(longest) + " bytes");
    error.errno_value = EMSGSIZE;
    return error;
}

Error broken(const os::Transfer& transfer, std::string_view when) {
    if (transfer.state == os::Transfer::State::closed)
        return failure("the service closed the connection " + std::string{when});
    return os_error({}, {}, transfer.errno_value);
}

}  // namespace

CallError call_failure(std::string_view event, const std::string& path, const Error& cause) {
    return Error{cause.exit_code, "get a reply to '" + std::string{event} + "' from", path, cause.reason,
                 cause.errno_value};
}

std::optional<Error> refuse_arguments(std::string_view event, const Object& arguments) {
    const auto fault = find_not_json(arguments);
    if (!fault) return std::nullopt;
    return Error{ExitCode::usage, "ask for", std::string{event},
                 "the argument '" + fault->pointer.substr(1) + "' has no form in JSON: " + fault->reason};
}

Exchange::Exchange(std::unique_ptr<os::LocalConnection> connection, std::string path, std::string event,
                   Object arguments, CallOptions options, std::size_t longest)
    : connection_{std::move(connection)},
      path_{std::move(path)},
      event_{std::move(event)},
      arguments_{std::move(arguments)},
      options_{std::move(options)},
      longest_{longest} {
    prepare_request();
}

CallError Exchange::failed(const Error& cause) const { return call_failure(event_, path_, cause); }

std::unique_ptr<os::LocalConnection> Exchange::take_connection() noexcept {
    const bool is_drained = unread_.find_first_not_of(white_space) == std::string::npos;
    return unsent_.empty() && !send_failure_ && is_drained ? std::move(connection_) : nullptr;
}

void Exchange::prepare_request() {
    request_ = encode_request(event_, arguments_, options_);
    unsent_ = request_;
}

std::optional<Exchange::Outcome> Exchange::advance() {
    is_behind_ = false;
    receives_left_ = receives_at_once;
    for (unsigned lines = 0; lines < lines_at_once; ++lines) {
        send();
        auto line = next_line();
        if (!line) return failed(line.error());
        if (!*line) return std::nullopt;
        if (auto outcome = read(**line)) return outcome;
    }
    is_behind_ = true;
    return std::nullopt;
}

void Exchange::send() {
    while (!unsent_.empty()) {
        const os::Transfer sent = connection_->send(unsent_);
        if (sent.state == os::Transfer::State::would_block) return;
        if (sent.state == os::Transfer::State::done) {
            unsent_.remove_prefix(sent.bytes);
            continue;
        }
        // A service that refuses a request before it has read all of it may have sent the reason.
        send_failure_ = broken(sent, "before it took the request");
        unsent_ = {};
    }
}

Result<std::optional<std::string>> Exchange::next_line() {
    std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by receive()
    while (true) {
        if (searched_ == 0) unread_.erase(0, std::min(unread_.find_first_not_of(white_space), unread_.size()));
        const auto end = unread_.find('\n', searched_);
        if (std::min(end, unread_.size()) > longest_) return too_long(longest_);
        if (end != std::string::npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            searched_ = 0;
            return std::optional{std::move(line)};
        }
        searched_ = unread_.size();
        if (receives_left_-- == 0) {
            is_behind_ = true;
            return std::optional<std::string>{};
        }
        const os::Transfer received = connection_->receive(buffer);
        if (received.state == os::Transfer::State::would_block) return std::optional<std::string>{};
        if (received.state != os::Transfer::State::done) {
            if (send_failure_) return *send_failure_;
            return broken(received, unread_.empty() ? "without a reply" : "within its reply");
        }
        unread_.append(buffer.data(), received.bytes);
    }
}

std::optional<Exchange::Outcome> Exchange::read(const std::string& line) {
    auto parsed = parse_json(line, deepest_reply);
    Value* reply = std::get_if<Value>(&parsed);
    if (reply == nullptr || !reply->is_object())
        return failed(failure("received something else than a reply: '" + line.substr(0, 40) + "'"));
    const Object& fields = reply->as_object();
    if (const Object* progress = sole_member(fields, "progress")) {
        notify(options_, *progress);
        return std::nullopt;
    }
    const Object* error = sole_member(fields, "error");
    if (error == nullptr) return Outcome{std::move(*reply).as_object()};
    if (withdraw_refused(options_, *error)) {
        prepare_request();
        return std::nullopt;
    }
    return error_reply(event_, *error);
}

}  // namespace servicekit

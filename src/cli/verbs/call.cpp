#include <algorithm>
#include <variant>

#include "base/escaped_text.hpp"
#include "cli/exit_status.hpp"
#include "cli/given_arguments.hpp"
#include "cli/listed_event.hpp"
#include "cli/typed_arguments.hpp"
#include "cli/verbs/attended_call.hpp"
#include "cli/verbs/verb_functions.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::cli {
namespace {

constexpr std::chrono::seconds longest_listing{10};

/// Returns true if the JSON may contain a path that is relative to the caller's directory.
bool may_hold_relative_path(const std::optional<std::string>& json) {
    if (!json) return false;
    const auto parsed = parse_json(*json);
    const auto* value = std::get_if<Value>(&parsed);
    if (value == nullptr || !value->is_object()) return false;
    const auto& members = value->as_object();
    return std::any_of(members.begin(), members.end(), [](const auto& member) {
        return member.second.is_string() && !member.second.as_string().starts_with('/');
    });
}

/// Returns true if a user is there who can type missing values.
bool can_ask(const os::StandardStreams& streams) {
    return streams.is_terminal(os::Stream::in) && streams.is_terminal(os::Stream::error);
}

Result<Object, CallError> whole(Result<Object> arguments) {
    if (!arguments) return arguments.error();
    return *std::move(arguments);
}

/// Returns the reply to `events`; empty for a caller who may call events but not list them.
Result<Object, CallError> ask_events(Session& session, Client& client) {
    auto reply = client.call("events", {}, {.timeout = session.invocation.timeout.value_or(longest_listing)});
    if (!reply && reply.error().code() == "not-allowed") return Object{};
    return reply;
}

/// Returns the arguments with their declared types, after it has prompted for missing secrets. Asks the service only if
/// something needs a type.
Result<Object, CallError> typed_and_whole(Session& session, Client& client, GivenArguments given) {
    os::StandardStreams& streams = session.console.streams();
    const os::Host& host = session.tools.host;
    if (given.named.empty() && !may_hold_relative_path(given.json) && !can_ask(streams))
        return whole(typed_arguments(given, nullptr, host));

    const auto declared = ask_events(session, client);
    if (!declared) return declared.error();
    const Value::List* const parameters = declared_parameters(*declared, session.invocation.event);
    auto arguments = typed_arguments(given, parameters, host);
    if (!arguments) return arguments.error();
    if (parameters == nullptr || !can_ask(streams)) return *std::move(arguments);
    const auto missing = missing_secrets(*parameters, *arguments);
    for (const std::string& name : missing) {
        auto line = streams.ask_hidden(escaped(name) + ": ");
        if (!line) return line.error();
        if (!*line) return *std::move(arguments);  // the service reports what is missing
        given.named.push_back({.name = name, .value = **std::move(line), .in_words = name});
    }
    return missing.empty() ? *std::move(arguments) : whole(typed_arguments(given, parameters, host));
}

/// Thrown when an object that precedes the reply cannot be printed.
struct NobodyReads {};

/// Calls the event, and prints what comes.
int call_and_print(Session& session, Client& client, AttendedCall call) {
    Console& console = session.console;
    bool has_items = false;
    call.on_item = [&](const Object& item) {
        has_items = true;
        console.print(to_json(item) + "\n");
        if (console.output_has_failed()) throw NobodyReads{};
    };
    try {
        return call_attended(session, client, call, [&](const Result<Object, CallError>& reply) {
            if (!reply) return fail_call(session, reply.error());
            if (!has_items || !reply->empty()) console.print_json(*reply);
            return 0;
        });
    } catch (const NobodyReads&) {
        return 0;  // the console reports it, unless the reader has closed the pipe
    }
}

/// Calls `follow` for the event of this name or id.
int follow(Session& session, Client& client) {
    const Invocation& invocation = session.invocation;
    const os::Clock& clock = *session.tools.host.clock;
    const auto begun = clock.steady_now();
    const std::chrono::milliseconds patience = longest_listing;
    const auto status =
        client.call("status", {}, {.timeout = std::min(invocation.timeout.value_or(patience), patience)});
    // A client that may follow its own event may lack the role for the status.
    const bool is_refused = !status && status.error().code() == "not-allowed";
    if (!status && !is_refused) return fail_call(session, status.error());
    const auto found = find_listed(is_refused ? Object{} : *status, invocation.event);
    if (!found && is_refused) return fail_call(session, status.error());
    if (!found) {
        static_cast<void>(session.console.fail(found.error()));
        return exit_status::error_reply;
    }
    auto timeout = invocation.timeout;
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady_now() - begun);
    if (timeout) timeout = std::max(*timeout - took, std::chrono::milliseconds{1});
    return call_and_print(
        session, client,
        {.event = "follow", .arguments = {{"id", found->id}}, .timeout = timeout, .shown_as = found->event});
}

}  // namespace

int call(Session& session) {
    if (session.invocation.follow)
        return with_client(session, "follow", [&](Client& client) { return follow(session, client); });
    // Read before it connects, so that unreadable or too long values do not reach a service.
    auto given = given_arguments(session.invocation, session.tools.host);
    if (!given) return session.console.fail(given.error());
    return with_client(session, session.invocation.event, [&](Client& client) {
        auto arguments = typed_and_whole(session, client, *std::move(given));
        if (!arguments) return fail_call(session, arguments.error());
        return call_and_print(session, client,
                              {.event = session.invocation.event,
                               .arguments = *std::move(arguments),
                               .timeout = session.invocation.timeout});
    });
}

}  // namespace servicekit::cli

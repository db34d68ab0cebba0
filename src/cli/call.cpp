#include <algorithm>
#include <variant>

#include "cli/progress_bar.hpp"
#include "cli/typed_arguments.hpp"
#include "cli/verb_functions.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::cli {
namespace {

constexpr std::chrono::seconds longest_listing{10};

/// Whether the JSON may hold a path that is relative to the caller's folder.
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

/// The arguments as the service declares them; it is asked only where something needs a type.
Result<Object> read_arguments(Session& session, Client& client) {
    const Invocation& invocation = session.invocation;
    const auto here = [&session] { return session.tools.host.process->current_directory(); };
    if (invocation.arguments.empty() && !may_hold_relative_path(invocation.json_arguments))
        return typed_arguments({}, invocation.json_arguments, nullptr, here);

    const auto declared = client.call("events", {}, {.timeout = invocation.timeout.value_or(longest_listing)});
    if (!declared) return declared.error();
    return typed_arguments(invocation.arguments, invocation.json_arguments,
                           declared_parameters(*declared, invocation.event), here);
}

}  // namespace

int call(Session& session) {
    return with_client(session, session.invocation.event, [&](Client& client) {
        Console& console = session.console;
        const auto arguments = read_arguments(session, client);
        if (!arguments) return console.fail(arguments.error());

        ProgressBar bar{console};
        CallOptions options{.timeout = session.invocation.timeout};
        if (console.shows_bars()) options.on_progress = [&bar](const Progress& progress) { bar.show(progress); };
        const auto reply = client.call(session.invocation.event, *arguments, options);
        bar.clear();
        if (!reply) return console.fail(reply.error());
        console.print_json(*reply);
        return 0;
    });
}

}  // namespace servicekit::cli

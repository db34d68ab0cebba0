#include "cli/completion/completion.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <utility>

#include "base/names.hpp"
#include "cli/client_load.hpp"
#include "cli/completion/completion_scripts.hpp"
#include "cli/verbs/verb_functions.hpp"
#include "client/exchange.hpp"
#include "client/server_check.hpp"

namespace servicekit::cli {
namespace {

/// A short time, because the user has pressed a key and waits.
constexpr std::chrono::milliseconds patience{500};
/// Enough for thousands of events, and little for a server that sends without end.
constexpr std::size_t longest_reply = std::size_t{1} << 20U;

/// Asks without waiting for a connection, unlike Client: a service that hangs may have a full queue of clients.
Object ask_events_at(const Instance& instance, const os::Host& host) {
    const std::string& path = instance.paths.control_socket;
    auto connection = host.sockets->try_connect(path);
    if (!connection || *connection == nullptr || refuse_server(path, (*connection)->peer(), instance.users)) return {};
    const auto deadline = host.clock->steady_now() + patience;
    Exchange exchange{*std::move(connection), path, "events", {}, {}, longest_reply};
    while (true) {
        if (auto outcome = exchange.advance()) return *outcome ? **std::move(outcome) : Object{};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - host.clock->steady_now());
        if (left <= std::chrono::milliseconds::zero()) return {};
        if (exchange.is_behind()) continue;
        if (exchange.wants_to_send())
            exchange.connection().wait_until_writable(left);
        else
            exchange.connection().wait_until_readable(left);
    }
}

Object ask_events(Session& session, const GivenSettings& given) {
    const ClientSettings loaded = load_client_settings(session, given);
    if (loaded.refusal) return {};
    session.doubt = loaded.doubt;
    auto running = running_service(session);
    if (!running) return {};
    const auto instance = find_instance(session, *running);
    if (!instance || !*instance) return {};
    const Instance& there = **instance;
    if (refuse_link(there.paths, there.users, *session.tools.host.files)) return {};
    return ask_events_at(there, session.tools.host);
}

}  // namespace

Object events_for_completion(Session& session, const GivenSettings& given) {
    try {
        return ask_events(session, given);
    } catch (const std::exception&) {
        return {};  // not permitted, or not readable
    }
}

int completion(Session& session) {
    if (!is_valid_name(session.program))
        return session.console.fail(Error{ExitCode::usage, "complete the command lines of", session.program,
                                          "a shell would not take the name"});
    const std::string script = completion_script(session.invocation.shell, session.program);
    session.console.tell(script, {{"script", script}});
    return 0;
}

int complete(Session& session) {
    const auto ask = [&session](const GivenSettings& given) { return events_for_completion(session, given); };
    session.console.print(to_text(complete_words(session.invocation.words, dialect(session), ask)));
    return 0;
}

}  // namespace servicekit::cli

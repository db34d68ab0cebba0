#include "cli/completion/completion.hpp"

#include <exception>

#include "base/names.hpp"
#include "cli/client_load.hpp"
#include "cli/completion/completion_scripts.hpp"
#include "cli/verbs/verb_functions.hpp"

namespace servicekit::cli {
namespace {

/// A short time, because the user has pressed a key and waits.
constexpr std::chrono::milliseconds patience{500};

Object ask_events(Session& session, const GivenSettings& given) {
    const ClientSettings loaded = load_client_settings(session, given);
    if (loaded.refusal) return {};
    session.doubt = loaded.doubt;
    auto running = running_service(session);
    if (!running) return {};
    const auto instance = find_instance(session, *running);
    if (!instance || !*instance) return {};
    auto client = connect_to(session, **instance);
    if (!client) return {};
    auto reply = client->call("events", {}, {.timeout = patience});
    return reply ? *std::move(reply) : Object{};
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

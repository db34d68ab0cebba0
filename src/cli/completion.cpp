#include <exception>

#include "base/names.hpp"
#include "cli/completion_scripts.hpp"
#include "cli/completion_words.hpp"
#include "cli/settings_layers.hpp"
#include "cli/verb_functions.hpp"

namespace servicekit::cli {
namespace {

/// Somebody has pressed a key and waits.
constexpr std::chrono::milliseconds patience{500};

/// What a running service answers to `events`; empty where there is none, or it does not answer at once. Says nothing:
/// whatever it said would land within the line that somebody is writing.
Object ask_events(Session& session, const GivenSettings& given) {
    Settings& settings = session.service.mutable_settings();
    settings.set_client(true);
    (void)apply_environment(settings, program_name(session), *session.tools.host.environment);
    // A command line that is wrong would meet another service than is meant.
    if (!apply_command_line(settings, given).empty()) return {};
    (void)session.service.load();
    auto running = running_service(session);
    if (!running) return {};
    const auto instance = running->find();
    if (!instance || !*instance) return {};
    auto client =
        Client::connect((*instance)->places.control_socket, *session.tools.sockets, *session.tools.host.clock);
    if (!client) return {};
    auto reply = client->call("events", {}, {.timeout = patience});
    return reply ? *std::move(reply) : Object{};
}

}  // namespace

int completion(Session& session) {
    if (!is_valid_name(session.program))
        return session.console.fail(Error{ExitCode::usage, "complete the command lines of", session.program,
                                          "a shell would not take the name"});
    session.console.print(completion_script(session.invocation.shell, session.program));
    return 0;
}

int complete(Session& session) {
    const auto ask = [&session](const GivenSettings& given) {
        try {
            return ask_events(session, given);
        } catch (const std::exception&) {
            return Object{};  // not permitted, or not to be read
        }
    };
    session.console.print(to_text(complete_words(session.invocation.words, ask)));
    return 0;
}

}  // namespace servicekit::cli

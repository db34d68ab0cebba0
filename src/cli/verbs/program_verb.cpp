#include "servicekit/program_verb.hpp"

#include <string>
#include <utility>

#include "cli/program_verbs.hpp"
#include "cli/typed_arguments.hpp"
#include "cli/verbs/verb_functions.hpp"
#include "core/parameter_description.hpp"

namespace servicekit::cli {
namespace {

/// Returns the arguments of the command line, typed and checked, with the defaults.
Result<Arguments> arguments_of(const Session& session) {
    const ProgramVerb& verb = *session.invocation.program_verb;
    EventDeclaration declaration{.name = verb.name, .parameters = verb.arguments};
    declaration.parameters.insert(declaration.parameters.end(), verb.options.begin(), verb.options.end());
    Value::List described;
    for (const Parameter& parameter : declaration.parameters) described.emplace_back(describe(parameter));
    GivenArguments given;
    for (const auto& [name, value] : session.invocation.given) {
        std::string words = name;
        words.append("=").append(value);
        given.named.push_back({.name = name, .value = value, .in_words = std::move(words)});
    }
    auto typed = typed_arguments(given, &described, session.tools.host);
    if (!typed) return typed.error();
    for (const auto& [name, texts] : session.invocation.given_lists)
        typed->set(name, Value::List(texts.begin(), texts.end()));
    try {
        return check_arguments(declaration, *std::move(typed));
    } catch (const BadArgument& bad) {
        return Error{ExitCode::usage, "use", bad.argument(), "expected " + bad.expected()};
    }
}

}  // namespace

int program_verb(Session& session) {
    const ProgramVerb& verb = *session.invocation.program_verb;
    const auto arguments = arguments_of(session);
    if (!arguments) return session.console.fail(arguments.error());
    const auto run = [&](Client* client, ServiceBase* service) {
        VerbRun made{*arguments, client, service, [&](std::string_view text) { session.console.print(text); }};
        return verb.run(made);
    };
    switch (verb.needs) {
        case ProgramVerb::Needs::running_service:
            return with_client(session, verb.name, [&](Client& client) { return run(&client, nullptr); });
        case ProgramVerb::Needs::loaded_service: {
            if (const int code = fill_settings(session); code != 0) return code;
            if (const auto loaded = session.core.load(); !loaded) return session.console.fail(loaded.error());
            return run(nullptr, &session.service);
        }
        case ProgramVerb::Needs::nothing:
            break;
    }
    return run(nullptr, nullptr);
}

}  // namespace servicekit::cli

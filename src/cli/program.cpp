#include "cli/program.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "base/names.hpp"
#include "base/path_parts.hpp"
#include "cli/command_line.hpp"
#include "cli/known_place.hpp"
#include "cli/program_verbs.hpp"
#include "cli/session.hpp"
#include "cli/verb_options.hpp"
#include "cli/verbs.hpp"
#include "core/configuration.hpp"
#include "core/service_core.hpp"
#include "servicekit/main.hpp"
#include "servicekit/policy/daemon_policy.hpp"

namespace servicekit {
namespace cli {
namespace {

std::string file_name(const std::vector<std::string>& arguments) {
    return arguments.empty() ? std::string{} : std::string{file_name_of(arguments.front())};
}

/// What a verb needs in addition to the command line.
enum class Need {
    nothing,  ///< it prints what the application declares
    place,    ///< it talks to the service, or reads its files
    load,     ///< it starts the service, or reports what a start would do
};

Need need_of(const Invocation& invocation) {
    switch (invocation.verb) {
        case Verb::start:
        case Verb::run:
        case Verb::restart:
        case Verb::where:
        case Verb::unit:
            return Need::load;
        case Verb::check:
            return invocation.schema ? Need::nothing : Need::load;
        case Verb::completion:
        case Verb::complete:
        case Verb::man:
            return Need::nothing;
        case Verb::program:
            switch (invocation.program_verb->needs) {
                case ProgramVerb::Needs::nothing:
                    return Need::nothing;
                case ProgramVerb::Needs::running_service:
                    return Need::place;
                case ProgramVerb::Needs::loaded_service:
                    break;
            }
            return Need::load;
        default:
            return Need::place;
    }
}

/// Names the service after its program if it has no name.
void name_after_program(ServiceCore& core, const std::vector<std::string>& arguments, Console& console) {
    if (core.options().name.empty()) {
        ServiceOptions options = core.options();
        options.name = file_name(arguments);
        if (is_valid_name(options.name)) core.set_options(options);
    }
    if (!core.options().name.empty()) console.rename(core.options().name);
}

std::vector<std::string> without_program(const std::vector<std::string>& arguments) {
    return {arguments.empty() ? arguments.begin() : arguments.begin() + 1, arguments.end()};
}

/// Returns true if an invalid command line asks for JSON. The option has another meaning for `call`.
bool asks_for_json(const std::vector<std::string>& rest) {
    const auto has = [&rest](std::string_view word) { return std::find(rest.begin(), rest.end(), word) != rest.end(); };
    return has("--json-errors") || (has("--json") && !has("call"));
}

int print_answer(const Answer& answer, ServiceCore& core, const std::vector<std::string>& rest, Console& console) {
    if (answer.stream == os::Stream::out) {
        console.print(answer.text);
    } else {
        console.print_error(answer.text);
        if (asks_for_json(rest)) console.use_json();
        console.explain_failure({{"message", answer.text.substr(0, answer.text.find('\n'))}});
        // This is most likely the command of a unit, whose manager shows the reason.
        if (std::find(rest.begin(), rest.end(), "run") != rest.end())
            core.policies().daemon.failed(
                Error{answer.code, "understand the command line", "", answer.text.substr(0, answer.text.find('\n'))});
    }
    return to_int(answer.code);
}

/// \returns what is wrong with the declarations of the application
std::optional<Error> check_declarations(ServiceCore& core, const std::vector<ProgramVerb>* verbs) {
    const KnownSettings known = dialect_of(core, LispVerbs::hidden, verbs).settings();
    auto fault = check_own_options(known);
    return fault ? fault : check_program_verbs(verbs, known);
}

int run_parsed(ServiceBase& service, const std::vector<std::string>& arguments, const Tools& tools, Console& console,
               const std::vector<ProgramVerb>* verbs) {
    ServiceCore& core = ServiceCore::of(service);
    name_after_program(core, arguments, console);
    if (const auto fault = check_declarations(core, verbs)) return console.fail(*fault);
    const std::vector<std::string> rest = without_program(arguments);
    auto parsed = parse_command_line(rest, core.options(), dialect_of(core, lisp_verbs(core), verbs));
    if (const auto* answer = std::get_if<Answer>(&parsed)) return print_answer(*answer, core, rest, console);
    if (std::get<Invocation>(parsed).json) console.use_json();
    Session session{service, core, std::get<Invocation>(parsed), tools, console, file_name(arguments), rest, verbs};
    return run_verb(session);
}

/// Runs a verb without the service if possible, with a stand-in that has all of the application's declarations.
/// \returns nothing if the service has to be created
std::optional<int> run_without_service(ServiceBase& stand_in, const std::vector<std::string>& arguments,
                                       const Tools& tools, Console& console, const std::vector<ProgramVerb>* verbs) {
    ServiceCore& core = ServiceCore::of(stand_in);
    name_after_program(core, arguments, console);
    if (const auto fault = check_declarations(core, verbs)) return console.fail(*fault);
    const std::vector<std::string> rest = without_program(arguments);
    const LispVerbs lisp = ServiceCore::may_have_lisp() ? LispVerbs::shown : LispVerbs::hidden;
    auto parsed = parse_command_line(rest, core.options(), dialect_of(core, lisp, verbs));
    if (const auto* answer = std::get_if<Answer>(&parsed)) return print_answer(*answer, core, rest, console);
    const auto& invocation = std::get<Invocation>(parsed);
    const Need need = need_of(invocation);
    if (need == Need::load) return std::nullopt;
    if (invocation.json) console.use_json();
    Session session{stand_in, core, invocation, tools, console, file_name(arguments), rest, verbs};
    session.loads_nothing = true;
    if (need == Need::place) {
        session.known_place = known_place(session, invocation.settings);
        if (session.known_place->source == KnownPlace::Source::nothing) return std::nullopt;
    }
    return run_verb(session);
}

Console make_console(const std::vector<std::string>& arguments, const Tools& tools) {
    const std::string name = file_name(arguments);
    return {*tools.host.streams, *tools.host.environment, name.empty() ? "service" : name};
}

/// \param body prints its output and returns the exit code
template <class Body>
int guarded(Console& console, const Tools& tools, const Body& body) {
    // Otherwise a file that a verb opens would get the number of a standard stream, and messages would be written to
    // it.
    if (const auto opened = tools.host.streams->open_closed_ones(); !opened) return console.fail(opened.error());
    try {
        return console.finish(body());
    } catch (const std::exception& error) {
        console.complain(error.what());
        return to_int(ExitCode::internal);
    }
}

}  // namespace

int run_program(ServiceBase& service, const std::vector<std::string>& arguments, const Tools& tools,
                const std::vector<ProgramVerb>* verbs) {
    Console console = make_console(arguments, tools);
    return guarded(console, tools, [&] { return run_parsed(service, arguments, tools, console, verbs); });
}

int run_program(const detail::Program& program, const std::vector<std::string>& arguments, const Tools& tools) {
    const auto made = [&](const auto& make) -> Result<std::unique_ptr<ServiceBase>> {
        try {
            return make();
        } catch (const std::exception& error) {
            return Error{ExitCode::internal, "set up the service", "", error.what()};
        }
    };
    if (program.make_stand_in) {
        const auto stand_in = made(program.make_stand_in);
        Console console = make_console(arguments, tools);
        if (!stand_in) return console.fail(stand_in.error());
        std::optional<int> done;
        const int code = guarded(console, tools, [&] {
            done = run_without_service(**stand_in, arguments, tools, console, &program.verbs);
            return done.value_or(0);
        });
        if (done || code != 0) return code;
    }
    const auto service = made(program.make);
    if (!service) return make_console(arguments, tools).fail(service.error());
    return run_program(**service, arguments, tools, &program.verbs);
}

}  // namespace cli

int service_main(int argc, char** argv, ServiceBase& service, const std::vector<ProgramVerb>& verbs) {
    return cli::run_program(service, std::vector<std::string>(argv, argv + argc), {}, &verbs);
}

int detail::service_main(int argc, char** argv, const Program& program) {
    return cli::run_program(program, std::vector<std::string>(argv, argv + argc));
}

void detail::set_options(ServiceBase& service, ServiceOptions options) {
    ServiceCore::of(service).set_options(std::move(options));
}

}  // namespace servicekit

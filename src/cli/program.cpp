#include "cli/program.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <variant>

#include "base/names.hpp"
#include "base/path_parts.hpp"
#include "cli/command_line.hpp"
#include "cli/session.hpp"
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

int run_parsed(ServiceBase& service, const std::vector<std::string>& arguments, const Tools& tools, Console& console) {
    ServiceCore& core = ServiceCore::of(service);
    if (core.options().name.empty()) {
        // A service that nobody has named is called as its program is.
        ServiceOptions options = core.options();
        options.name = file_name(arguments);
        if (is_valid_name(options.name)) core.set_options(options);
    }
    if (!core.options().name.empty()) console.rename(core.options().name);

    const ConfigSchema* own = core.configuration().own().schema();
    if (const auto fault = check_own_options(own)) return console.fail(*fault);
    const std::vector<std::string> rest(arguments.empty() ? arguments.begin() : arguments.begin() + 1, arguments.end());
    auto parsed = parse_command_line(rest, core.options(), {lisp_verbs(core), own});
    if (const auto* answer = std::get_if<Answer>(&parsed)) {
        if (answer->stream == os::Stream::out) {
            console.print(answer->text);
        } else {
            console.print_error(answer->text);
            // The command of a unit, most likely: its manager shows the reason.
            if (std::find(rest.begin(), rest.end(), "run") != rest.end())
                core.policies().daemon.failed(Error{answer->code, "understand the command line", "",
                                                    answer->text.substr(0, answer->text.find('\n'))});
        }
        return to_int(answer->code);
    }
    Session session{service, core, std::get<Invocation>(parsed), tools, console, file_name(arguments), rest};
    return run_verb(session);
}

Console make_console(const std::vector<std::string>& arguments, const Tools& tools) {
    const std::string name = file_name(arguments);
    return {*tools.host.streams, *tools.host.environment, name.empty() ? "service" : name};
}

}  // namespace

int run_program(ServiceBase& service, const std::vector<std::string>& arguments, const Tools& tools) {
    Console console = make_console(arguments, tools);
    // Else a file that a verb opens would get the number of a stream, and messages would go into it.
    if (const auto opened = tools.host.streams->open_closed_ones(); !opened) return console.fail(opened.error());
    try {
        return console.finish(run_parsed(service, arguments, tools, console));
    } catch (const std::exception& error) {
        console.complain(error.what());
        return to_int(ExitCode::internal);
    }
}

}  // namespace cli

int service_main(int argc, char** argv, ServiceBase& service) {
    return cli::run_program(service, std::vector<std::string>(argv, argv + argc));
}

int detail::service_main(int argc, char** argv, const std::function<std::unique_ptr<ServiceBase>()>& make,
                         const std::optional<ServiceOptions>& options) {
    const std::vector<std::string> arguments(argv, argv + argc);
    std::unique_ptr<ServiceBase> service;
    try {
        service = make();
        if (options) ServiceCore::of(*service).set_options(*options);
    } catch (const std::exception& error) {
        return cli::make_console(arguments, cli::Tools{})
            .fail(Error{ExitCode::internal, "set up the service", "", error.what()});
    }
    return cli::run_program(*service, arguments);
}

}  // namespace servicekit

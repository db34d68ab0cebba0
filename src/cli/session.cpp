#include "cli/session.hpp"

#include <utility>

#include "cli/exit_status.hpp"
#include "cli/settings_layers.hpp"

namespace servicekit::cli {
namespace {

/// A name that was given or loaded is the one that messages use.
void use_loaded_name(Session& session) {
    if (std::string name = session.service.settings().get(setting::name); !name.empty())
        session.console.rename(std::move(name));
}

}  // namespace

const std::string& program_name(const Session& session) { return session.service.options().name; }

int fill_settings(Session& session) {
    Settings& settings = session.service.mutable_settings();
    auto faults = apply_environment(settings, program_name(session), *session.tools.host.environment);
    for (Error& fault : apply_command_line(settings, session.invocation.settings)) faults.push_back(std::move(fault));
    use_loaded_name(session);
    for (const Error& fault : faults) session.console.complain(fault.message());
    return faults.empty() ? 0 : to_int(faults.back().exit_code);
}

int load_as_client(Session& session) {
    Settings& settings = session.service.mutable_settings();
    settings.set_client(true);
    const auto in_environment = apply_environment(settings, program_name(session), *session.tools.host.environment);
    for (const Error& fault : apply_command_line(settings, session.invocation.settings))
        return session.console.fail(fault);
    const auto loaded = session.service.load();
    use_loaded_name(session);
    for (const Error& fault : in_environment) session.console.warn(fault);
    if (!loaded) session.console.warn(loaded.error());
    return 0;
}

Result<RunningService> running_service(Session& session) {
    const Settings& settings = session.service.settings();
    auto candidates = candidate_places(settings, session.tools.host);
    if (!candidates) return candidates.error();
    return RunningService{session.service.policies().lock, settings, std::move(*candidates), session.tools};
}

std::string not_running_in_words(const RunningService& running) {
    std::string text = "not running; looked at " + running.tried_in_words();
    if (!running.bystander().empty()) text += "; " + running.bystander();
    return text;
}

int with_client(Session& session, const std::string& event, const std::function<int(Client&)>& talk) {
    if (const int code = load_as_client(session); code != 0) return code;
    Console& console = session.console;
    auto running = running_service(session);
    if (!running) return console.fail(running.error());
    const auto instance = running->find();
    if (!instance) return console.fail(instance.error());
    if (!*instance) {
        console.complain(not_running_in_words(*running));
        return exit_status::no_service;
    }
    const auto there = session.tools.host.files->status((*instance)->places.control_socket, os::Links::follow);
    if (there && !there->has_value())
        return console.fail(Error{ExitCode::os, "ask for", event,
                                  "the service (" + (*instance)->in_words() + ") has no control socket at '" +
                                      (*instance)->places.control_socket +
                                      "'; SIGHUP has it reload, SIGUSR1 open its log anew"});
    auto client =
        Client::connect((*instance)->places.control_socket, *session.tools.sockets, *session.tools.host.clock);
    if (!client) return console.fail(client.error());
    try {
        return talk(*client);
    } catch (const EventError& error) {
        console.fail(Error{ExitCode::internal, "run", event, std::string{error.what()} + " (" + error.code() + ")"});
        return exit_status::error_reply;
    }
}

}  // namespace servicekit::cli

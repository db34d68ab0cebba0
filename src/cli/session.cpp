#include "cli/session.hpp"

#include <algorithm>
#include <utility>

#include "cli/client_load.hpp"
#include "cli/exit_status.hpp"
#include "cli/settings_layers.hpp"
#include "core/configuration.hpp"
#include "servicekit/policy/daemon_policy.hpp"

namespace servicekit::cli {
namespace {

/// Makes messages use the name that was given or loaded.
void use_loaded_name(Session& session) {
    if (std::string name = session.service.settings().get(setting::name); !name.empty())
        session.console.rename(std::move(name));
}

void warn_of_variables(Session& session) {
    for (const Error& doubt : doubtful_variables(program_name(session), {own_schema(session), setting_scope(session)},
                                                 *session.tools.host.environment))
        session.console.warn(doubt);
}

}  // namespace

const std::string& program_name(const Session& session) { return session.core.options().name; }

bool has_lisp(const ServiceCore& core) { return core.events().find("eval") != nullptr; }
const ConfigSchema* own_schema(const Session& session) { return session.core.configuration().own().schema(); }

SettingScope setting_scope(const Session& session) { return session.core.configuration().settings().scope(); }

Dialect dialect(const Session& session) {
    const bool may_have_lisp = session.loads_nothing && ServiceCore::may_have_lisp();
    return dialect_of(session.core, may_have_lisp ? LispVerbs::shown : lisp_verbs(session.core), session.program_verbs);
}

Dialect dialect_of(ServiceCore& core, LispVerbs lisp, const std::vector<ProgramVerb>* program_verbs) {
    const Configuration& configuration = core.configuration();
    return {.lisp = lisp,
            .own = configuration.own().schema(),
            .verbs = program_verbs,
            .scope = configuration.settings().scope()};
}

int fill_settings(Session& session) { return fill_settings(session, session.invocation.settings); }

int fill_settings(Session& session, const std::vector<std::pair<std::string, std::string>>& given) {
    LayeredSettings& settings = session.core.configuration().to_fill();
    auto faults =
        apply_environment(settings, own_schema(session), program_name(session), *session.tools.host.environment);
    for (Error& fault : apply_command_line(settings, own_schema(session), given)) faults.push_back(std::move(fault));
    use_loaded_name(session);
    for (const Error& fault : faults) session.console.complain(fault.message());
    warn_of_variables(session);
    if (faults.empty()) return 0;
    // A service manager shows the reason, as it does for a later failure of a start.
    if (session.invocation.verb == Verb::run) session.core.policies().daemon.failed(faults.back());
    return to_int(faults.back().exit_code);
}

int load_as_client(Session& session) {
    const ClientSettings loaded = load_client_settings(session, session.invocation.settings);
    use_loaded_name(session);
    for (const Error& warning : loaded.warnings) session.console.warn(warning);
    session.doubt = loaded.doubt;
    session.config_fault = loaded.config_fault;
    return loaded.refusal ? session.console.fail(*loaded.refusal) : 0;
}

Result<RunningService> running_service(Session& session) {
    const Settings& settings = session.service.settings();
    auto candidates = candidate_paths(settings, session.tools.host);
    if (!candidates) return candidates.error();
    // The record may be of a default place in another environment.
    const auto is_recorded = [&session](const Paths& paths) {
        return paths.pid_file == session.recorded->pid_file && paths.control_socket == session.recorded->control_socket;
    };
    if (session.recorded && std::none_of(candidates->begin(), candidates->end(), is_recorded))
        candidates->insert(candidates->begin(), *session.recorded);
    return RunningService{session.core.policies().lock, settings, std::move(*candidates), session.tools};
}

Result<std::optional<Instance>> find_instance(Session& session, RunningService& running) {
    auto found = running.find();
    if (!found || !session.doubt) return found;
    if (!*found || !confirms(session, **found)) return place_is_unknown(*session.doubt);
    return found;
}

int fail_to_find(Session& session, const Error& error, int otherwise) {
    const int code = session.console.fail(error);
    // Excludes the case that the system does not let this user look.
    const bool is_strangers = error.exit_code == ExitCode::permission && error.errno_value == 0;
    return is_strangers || error.exit_code == ExitCode::configuration ? code : otherwise;
}

Result<Client> connect_to(const Session& session, const Instance& instance) {
    if (auto link = refuse_link(instance.paths, instance.users, *session.tools.host.files)) return *std::move(link);
    return Client::connect(instance.paths.control_socket, instance.users, session.tools.host);
}

std::string not_running_in_words(const RunningService& running) {
    std::string text = "not running; looked at " + running.tried_in_words();
    if (!running.bystander().empty()) text += "; " + running.bystander();
    return text;
}

std::string left_behind_in_words(const std::vector<std::string>& left_behind) {
    std::string left;
    for (const std::string& path : left_behind) left += (left.empty() ? "'" : ", '") + path + "'";
    return left.empty() ? left : "; it was killed and left " + left;
}

int with_client(Session& session, const std::string& event, const std::function<int(Client&)>& talk) {
    if (const int code = load_as_client(session); code != 0) return code;
    Console& console = session.console;
    auto running = running_service(session);
    if (!running) return console.fail(running.error());
    const auto instance = find_instance(session, *running);
    if (!instance) return console.fail(instance.error());
    if (!*instance) {
        console.complain(not_running_in_words(*running) + left_behind_in_words(running->left_behind()));
        return exit_status::no_service;
    }
    const auto there = session.tools.host.files->status((*instance)->paths.control_socket, os::Links::follow);
    if (there && !there->has_value())
        return console.fail(Error{ExitCode::os, "ask for", event,
                                  "the service (" + (*instance)->in_words() + ") has no control socket at '" +
                                      (*instance)->paths.control_socket +
                                      "'; SIGHUP makes it reload, SIGUSR1 makes it reopen its log"});
    auto client = connect_to(session, **instance);
    if (!client) return console.fail(client.error());
    return talk(*client);
}

Result<Object> status_of(Client& client, std::chrono::milliseconds at_most) {
    auto reply = client.call("status", {}, {.timeout = at_most});
    if (reply) return *std::move(reply);
    const CallError& error = reply.error();
    if (!error.is_reply()) return error.error();
    return Error{ExitCode::internal, "get the status from", client.path(), error.what()};
}

int fail_call(Session& session, const CallError& error) {
    const int code = session.console.fail(error.error());
    session.console.explain_failure(error.fields());
    return error.is_reply() ? exit_status::error_reply : code;
}

}  // namespace servicekit::cli

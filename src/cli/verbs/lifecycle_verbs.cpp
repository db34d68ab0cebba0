#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/path_parts.hpp"
#include "cli/verbs/verb_functions.hpp"
#include "core/json_schema.hpp"
#include "core/paths.hpp"
#include "core/privileges.hpp"
#include "core/service_signals.hpp"
#include "core/stream_redirection.hpp"
#include "policies/control/control_roles.hpp"
#include "policies/control/socket_accounts.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/daemon_policy.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit::cli {
namespace {

int refuse_background(Session& session) {
    return session.console.fail(Error{ExitCode::usage, "start in the background", "",
                                      "this service has none; use '" + program_name(session) + " run'"});
}

bool has_background(Session& session) { return session.core.policies().daemon.has_background(); }

/// Checks that this process has a descriptor, if proc(5) can tell.
Result<void> check_descriptor(os::Files& files, const std::string& action, int descriptor) {
    const std::string directory = "/proc/self/fd";
    const std::string number = std::to_string(descriptor);
    const auto known = files.status(directory, os::Links::follow);
    const auto found = files.status(directory + "/" + number, os::Links::do_not_follow);
    if (!known || !*known || !found || *found) return {};
    return Error{ExitCode::configuration, action, "descriptor " + number, "it is not open"};
}

/// Checks that something is at a path, as far as this user can see.
Result<void> check_presence(os::Files& files, const std::string& action, const std::string& path) {
    const auto found = files.status(path, os::Links::follow);
    if (!found || *found) return {};
    return Error{ExitCode::configuration, action, path, "it does not exist"};
}

/// Checks that a file can be created at a path, as far as this user can see. A start creates only the run directory.
Result<void> check_file(os::Files& files, const std::string& action, const std::string& path) {
    const auto refuse = [&](std::string reason) {
        return Error{ExitCode::configuration, action, path, std::move(reason)};
    };
    if (const auto descriptor = os::named_descriptor(path)) return check_descriptor(files, action, *descriptor);
    const auto file = files.status(path, os::Links::follow);
    if (!file) return {};
    if (*file)
        return (*file)->type == os::FileType::directory ? Result<void>{refuse("it is a directory")} : Result<void>{};
    const std::string directory = directory_of(path);
    const auto found = files.status(directory, os::Links::follow);
    if (!found || (*found && (*found)->type == os::FileType::directory)) return {};
    return refuse("'" + directory + (*found ? "' is not a directory" : "' does not exist"));
}

Result<void> check_streams(Session& session) {
    constexpr std::array streams{std::pair{os::Stream::in, setting::standard_input},
                                 std::pair{os::Stream::out, setting::standard_output},
                                 std::pair{os::Stream::error, setting::standard_error}};
    for (const auto& [stream, setting] : streams) {
        const Value where = session.service.settings().get(setting);
        if (where.is_null()) continue;
        const auto plan = parse_stream_plan(stream, where);
        if (!plan) return plan.error();
        if (plan->target != StreamPlan::Target::file) continue;
        const auto path = absolute_path(plan->file.path, session.tools.host);
        if (!path) return path.error();
        const std::string action = "redirect " + std::string{setting.name} + " to";
        os::Files& files = *session.tools.host.files;
        if (auto checked = check_file(files, action, *path); !checked) return checked;
        if (stream == os::Stream::in && !plan->file.is_fifo)
            if (auto checked = check_presence(files, action, *path); !checked) return checked;
    }
    return {};
}

/// Checks the names in the access rules as the control policy looks them up.
Result<void> check_access(Session& session, const Paths& paths, const Deployment& deployment) {
    if (session.service.settings().get(setting::no_control_server)) return {};
    ControlPolicy& control = session.core.policies().control;
    control.configure(deployment);
    ControlAccess access = control.access();
    UnixSocketControl::Options options{.path = paths.control_socket};
    options.owner = std::move(access.owner);
    options.group = std::move(access.group);
    if (access.read) options.read = *std::move(access.read);
    if (access.operate) options.operate = *std::move(access.operate);
    if (access.admin) options.admin = *std::move(access.admin);
    os::Users& users = *session.tools.host.users;
    if (auto roles = policies::ControlRoles::look_up(options, users); !roles) return roles.error();
    if (auto accounts = policies::find_socket_accounts(options, users); !accounts) return accounts.error();
    return {};
}

Result<void> check_log_group(Session& session) {
    const LogPolicy& log = session.core.policies().log;
    const std::string group = log.plan().group;
    if (group.empty() || log.files().empty()) return {};
    const auto found = session.tools.host.users->find_group(group);
    if (!found) return found.error();
    if (!*found) return Error{ExitCode::configuration, "give the log to the group", group, "there is no such group"};
    return {};
}

Result<void> check_writable(Session& session, const Paths& paths, const Deployment& deployment) {
    for (const std::string& path : deployment.writable) {
        // A start creates these.
        if (path == paths.run_directory || path == paths.crash_directory) continue;
        if (auto checked = check_presence(*session.tools.host.files, "confine writing to", path); !checked)
            return checked;
    }
    return {};
}

Result<void> check_paths(Session& session, const Paths& paths, const Deployment& deployment) {
    os::Files& files = *session.tools.host.files;
    LogPolicy& log = session.core.policies().log;
    log.configure(deployment);
    for (const std::string& file : log.files())
        if (auto checked = check_file(files, "log to", file); !checked) return checked;
    if (auto checked = check_log_group(session); !checked) return checked;
    const bool has_control = !session.service.settings().get(setting::no_control_server);
    for (const std::string& file : {paths.pid_file, has_control ? paths.control_socket : paths.pid_file})
        if (!file.starts_with(paths.run_directory + "/"))
            if (auto checked = check_file(files, "use", file); !checked) return checked;
    if (auto checked = check_writable(session, paths, deployment); !checked) return checked;
    if (auto checked = check_streams(session); !checked) return checked;
    const std::string& directory = deployment.working_directory;
    const auto found = files.status(directory, os::Links::follow);
    if (!found || (*found && (*found)->type == os::FileType::directory)) return {};
    return Error{ExitCode::configuration, "work in", directory, *found ? "it is not a directory" : "it does not exist"};
}

/// Checks everything that can be checked without a start.
Result<void> check_configuration(Session& session) {
    if (auto loaded = session.core.load(); !loaded) return loaded.error();
    const Settings& settings = session.service.settings();
    const auto paths = resolve_paths(settings, session.tools.host);
    if (!paths) return paths.error();
    if (auto checked = check_log_file(settings, *paths, session.tools.host); !checked) return checked;
    const auto deployment = make_deployment(settings, *paths, session.tools.host);
    if (!deployment) return deployment.error();
    if (auto checked = check_paths(session, *paths, *deployment); !checked) return checked;
    if (auto checked = check_access(session, *paths, *deployment); !checked) return checked;
    if (const int ready = settings.get(setting::ready_fd); ready != 0)
        if (auto checked = check_descriptor(*session.tools.host.files, "report readiness on", ready); !checked)
            return checked;
    const auto identity = find_identity(settings, session.tools.host);
    return identity ? Result<void>{} : identity.error();
}

/// Runs `body` in a child process, because it leaves threads behind and the start must not have any.
int run_in_child(Session& session, const std::function<int()>& body) {
    os::Process& process = *session.tools.host.process;
    const auto child = process.fork();
    if (!child) return session.console.fail(child.error());
    if (*child == 0) process.exit_now(body());
    const auto status = process.wait_for_child(*child);
    if (!status) return session.console.fail(status.error());
    constexpr int signal_bits = 0x7f;
    const bool has_exited = (*status & signal_bits) == 0;
    return has_exited ? *status >> 8 & 0xff : to_int(ExitCode::internal);
}

/// Removes the option `--timeout`, which `start` does not have, from the last words of a command line.
void remove_timeout(std::vector<std::string>& words, std::size_t count) {
    const std::string option = "--timeout";
    for (std::size_t i = words.size() - std::min(count, words.size()); i < words.size();) {
        const bool has_value = words[i].starts_with(option + "=");
        if (!has_value && words[i] != option) {
            ++i;
            continue;
        }
        const auto from = words.begin() + static_cast<std::ptrdiff_t>(i);
        words.erase(from, from + (has_value || i + 1 == words.size() ? 1 : 2));
    }
}

/// Starts by executing the verb `start` in this process, as a service should not be named `restart` in the process
/// list. If that fails, or if main() made up the command line, it starts without exec(2).
int start_anew(Session& session) {
    os::Process& process = *session.tools.host.process;
    auto words = process.command_line();
    const std::size_t from_end = session.invocation.words_from_verb;
    if (words && from_end > 0 && from_end < words->size()) {
        std::string& verb = (*words)[words->size() - from_end];
        if (verb == "restart") {
            verb = "start";
            remove_timeout(*words, session.arguments.size());
            static_cast<void>(process.execute(*words));
        }
    }
    return session.service.start();
}

}  // namespace

int start(Session& session) {
    if (!has_background(session)) return refuse_background(session);
    if (const int code = fill_settings(session); code != 0) return code;
    // The process exits by _exit(2) if the start goes to the background.
    if (session.console.uses_json())
        session.core.error_output().on_print([&session](const Error& error) { session.console.tell_failure(error); });
    const int code = session.service.start();
    // The process that the user started has told why: this one, or the parent of the service.
    session.console.leave_failure();
    return code;
}

int run(Session& session) {
    if (const int code = fill_settings(session); code != 0) return code;
    return session.service.run();
}

int check(Session& session) {
    if (session.invocation.schema) {
        session.console.print_json(json_schema(own_schema(session), setting_scope(session)));
        return 0;
    }
    if (const int code = fill_settings(session); code != 0) return code;
    if (const auto checked = check_configuration(session); !checked) return session.console.fail(checked.error());
    session.console.say("the configuration is fine", {{"result", "ok"}});
    return 0;
}

int restart(Session& session) {
    if (!has_background(session)) return refuse_background(session);
    if (const int code = fill_settings(session); code != 0) return code;
    // Covers the time from the first load to the start, whose own load continues with the signals until then.
    ServiceSignals signals{*session.tools.host.signals};
    if (!session.service.settings().get(setting::no_signal_handlers))
        if (const auto noted = signals.begin_load(); !noted) return session.console.fail(noted.error());
    const auto check_and_stop = [&session, &signals] {
        if (const auto checked = check_configuration(session); !checked) return session.console.fail(checked.error());
        if (setting_scope(session) == SettingScope::with_standby && !await_successor(session))
            return to_int(ExitCode::timeout);
        // The service must not be stopped if it will not be started again.
        if (const auto refused = signals.refusal()) return session.console.fail(*refused);
        return stop_to_restart(session);
    };
    const int code = session.core.loads_in_service() ? run_in_child(session, check_and_stop) : check_and_stop();
    if (code != 0) return code;
    // exec(2) would lose the signal.
    if (const auto refused = signals.refusal()) return session.console.fail(*refused);
    return start_anew(session);
}

}  // namespace servicekit::cli

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/durations.hpp"
#include "base/escaped_text.hpp"
#include "cli/client_load.hpp"
#include "cli/exit_status.hpp"
#include "cli/reply_text.hpp"
#include "cli/setting_options.hpp"
#include "cli/text.hpp"
#include "cli/verbs/attended_call.hpp"
#include "cli/verbs/verb_functions.hpp"
#include "core/paths.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::cli {
namespace {

/// The control plane's own replies take no time; a service that replaces one of these events may need some.
constexpr std::chrono::seconds longest_reply{10};

/// A reload takes as long as the service's load event.
constexpr std::chrono::seconds longest_reload{30};

/// Returns what delays a reload. The control plane answers this whatever the service is doing.
std::string in_the_way(Client& client) {
    constexpr std::chrono::seconds longest_status{2};
    const auto status = client.call("status", {}, {.timeout = longest_status});
    if (!status && status.error().is_reply())
        return "its status is not available: " + std::string{status.error().what()};
    if (!status) return "the service does not answer at all";
    const Value* busy = status->find("busy");
    const Value* event = busy != nullptr && busy->is_object() ? busy->as_object().find("event") : nullptr;
    if (event == nullptr) return "it is done by now, or was given up";
    const std::string name = plain_text(*event);
    if (name == "reload") return "its load event still runs, and goes on";
    return "'" + name + "' runs before it; the reload was given up";
}

/// Returns what is known about an instance that does not answer.
Object known_without_asking(const Instance& instance) {
    Object known{{"name", instance.paths.name}, {"state", "running"}};
    if (instance.pid > 0) known.append("pid", instance.pid);
    return known;
}

/// Returns the reply with the pid that `pid` prints. A service in its own pid namespace knows only its pid there, which
/// is kept as `pid-inside`.
/// \param listener pid of the answering process, as known to the kernel of this machine
Object with_pid_of_this_machine(Object reply, const Instance& instance, pid_t listener) {
    // A manager that opened the socket for the service is the listener, but does not own the lock.
    constexpr pid_t manager = 1;
    const Value* inside = reply.find("pid");
    const bool is_known = instance.pid > manager && instance.pid == listener;
    if (!is_known || inside == nullptr || !inside->is_integer() || *inside == Value{instance.pid}) return reply;
    const Value pid_inside = *inside;
    reply.set("pid", instance.pid);
    reply.set("pid-inside", pid_inside);
    return reply;
}

Result<Object> ask_status(Session& session, const Instance& instance) {
    auto client = connect_to(session, instance);
    if (!client) return client.error();
    auto reply = status_of(*client, longest_reply);
    if (!reply) return reply;
    return with_pid_of_this_machine(*std::move(reply), instance, client->peer().pid);
}

int tell_not_running(Session& session, const RunningService& running, const std::vector<std::string>& left_behind) {
    const std::string text = not_running_in_words(running) + left_behind_in_words(left_behind);
    if (session.console.uses_json()) {
        session.console.complain(text);
        Object why{{"code", "not-running"}, {"message", text}};
        if (!left_behind.empty()) why.append("left-behind", Value::List(left_behind.begin(), left_behind.end()));
        session.console.explain_failure(std::move(why));
    } else {
        session.console.say(text);
    }
    return left_behind.empty() ? exit_status::not_running : exit_status::left_behind;
}

int tell_running(Session& session, const Instance& instance, const Result<Object>& reply) {
    Console& console = session.console;
    if (!reply) console.complain(reply.error().message());
    const Object fields = reply ? *reply : known_without_asking(instance);
    console.tell(status_text(fields), fields);
    // A process that holds the lock is running, even if it does not answer. A socket that does not answer proves
    // nothing.
    const bool is_sure = reply || instance.witness == Instance::Witness::lock;
    return is_sure ? 0 : exit_status::unknown;
}

/// Returns the rows of the event `settings`.
Result<Object> settings_of_service(Client& client, std::chrono::milliseconds at_most) {
    const auto failed = [](std::string reason) {
        return Error{ExitCode::os, "get the settings", "", std::move(reason)};
    };
    const auto reply = client.call("settings", {}, {.timeout = at_most});
    if (!reply) return reply.error().is_reply() ? failed(reply.error().what()) : reply.error().error();
    const Value* rows = reply->find("settings");
    if (rows == nullptr || !rows->is_object()) return failed("the service does not list them");
    return rows->as_object();
}

/// Returns the value that is in effect in the service; null if there is none.
Value value_in(const Object& rows, std::string_view name) {
    const Value* row = rows.find(name);
    const Value* value = row != nullptr && row->is_object() ? row->as_object().find("value") : nullptr;
    return value != nullptr ? *value : Value{};
}

bool names_config(const Session& session) {
    return session.service.settings().layer_of(setting::config.name) >= SettingsLayer::environment;
}

/// Checks the config file, because a reload reads the one that the service was started with.
/// \returns an error if the caller names another file
std::optional<Error> refuse_other_config(const Session& session, const Object& rows) {
    if (!names_config(session)) return std::nullopt;
    const auto ours = absolute_path(session.service.settings().get(setting::config), session.tools.host);
    if (!ours) return ours.error();
    const Value value = value_in(rows, setting::config.name);
    const std::string its = value.is_string() ? value.as_string() : std::string{};
    if (is_same_config(*ours, its, *session.tools.host.files)) return std::nullopt;
    return Error{ExitCode::usage, "reload with the config file", *ours,
                 (its.empty() ? "the service was started without one"
                              : "the service was started with '" + its + "', which a reload reads again") +
                     "; 'restart' takes another"};
}

constexpr const char* only_a_restart = "a reload reads the config file only; 'restart' takes the command line";

/// Warns of settings on the command line: a reload ignores them, and they are in effect only if the service was started
/// with them.
void warn_of_ignored_settings(Session& session, const Object& rows) {
    for (const auto& [name, text] : session.invocation.settings) {
        if (name == setting::config.name || name == setting::name.name || name == setting::run_directory.name ||
            name == setting::pid_file.name || name == setting::control_socket.name)
            continue;
        if (find_own_key(own_schema(session), name) != nullptr) {
            session.console.warn(Error{ExitCode::usage, "use", "--" + name, only_a_restart});
            continue;
        }
        const Value its = value_in(rows, name);
        const Value ours = session.service.settings().value(name);
        if (its == ours) continue;
        if (its.is_string() && ours.is_string()) {
            const auto path = absolute_path(ours.as_string(), session.tools.host);
            if (path && *path == its.as_string()) continue;
        }
        session.console.warn(Error{ExitCode::usage, "use", "--" + name, only_a_restart});
    }
}

/// \returns an error if the reload must not be requested
std::optional<Error> check_reload(Session& session, Client& client, std::chrono::milliseconds at_most) {
    if (session.invocation.settings.empty() && !names_config(session)) return std::nullopt;
    const auto rows = settings_of_service(client, std::min<std::chrono::milliseconds>(at_most, longest_reply));
    // If the service does not answer in time, the reload itself reports it.
    if (!rows && rows.error().exit_code == ExitCode::timeout) return std::nullopt;
    if (!rows) {
        if (names_config(session))
            session.console.warn(Error{ExitCode::os, "compare the config file with the service's",
                                       session.service.settings().get(setting::config), rows.error().reason});
        return std::nullopt;
    }
    if (auto refusal = refuse_other_config(session, *rows)) return refusal;
    warn_of_ignored_settings(session, *rows);
    return std::nullopt;
}

/// Requests an event that takes no time, and prints its reply as `text` formats it.
int ask(Session& session, const std::string& event, const Object& arguments, std::string (*text)(const Object&),
        const CallOptions& options = {.timeout = longest_reply}) {
    return with_client(session, event, [&](Client& client) {
        const auto reply = client.call(event, arguments, options);
        if (!reply) return fail_call(session, reply.error());
        session.console.tell(text(*reply), *reply);
        return 0;
    });
}

}  // namespace

int status(Session& session) {
    if (const int code = load_as_client(session); code != 0)
        return code == to_int(ExitCode::configuration) ? exit_status::unknown : code;
    auto running = running_service(session);
    if (!running) {
        session.console.fail(running.error());
        return exit_status::unknown;
    }
    // An instance may start and end between two checks. If it was seen only by its socket and then did not answer,
    // nothing proves that it runs. The next check decides.
    constexpr int looks = 3;
    for (int look = 1;; ++look) {
        auto found = find_instance(session, *running);
        std::vector<std::string> left_behind;
        if (found && !*found) {
            left_behind = running->left_behind();
            // The files may be those of an instance that started since the first check.
            if (!left_behind.empty()) found = find_instance(session, *running);
            // That instance may have ended since and removed its files.
            if (found && !*found && running->left_behind() != left_behind && look < looks) continue;
        }
        if (!found) {
            const int code = fail_to_find(session, found.error(), exit_status::unknown);
            return code == to_int(ExitCode::permission) ? code : exit_status::unknown;
        }
        if (!*found) return tell_not_running(session, *running, left_behind);

        const auto reply = ask_status(session, **found);
        if (reply || (*found)->witness == Instance::Witness::lock || look == looks)
            return tell_running(session, **found, reply);
    }
}

int pid(Session& session) {
    if (const int code = load_as_client(session); code != 0) return code;
    auto running = running_service(session);
    const auto found = running ? find_instance(session, *running) : Result<std::optional<Instance>>{running.error()};
    if (!found) return fail_to_find(session, found.error(), exit_status::unknown);
    if (!*found) {
        session.console.complain(not_running_in_words(*running));
        return exit_status::not_running;
    }
    if ((*found)->pid <= 0) {
        session.console.complain("running, but its pid is unknown");
        return exit_status::unknown;
    }
    session.console.tell(std::to_string((*found)->pid) + "\n", {{"pid", (*found)->pid}});
    return 0;
}

int events(Session& session) { return ask(session, "events", {}, &events_text); }

int log_level(Session& session) {
    Object arguments;
    if (!session.invocation.level.empty()) arguments.append("level", session.invocation.level);
    if (!session.invocation.channel.empty()) arguments.append("channel", session.invocation.channel);
    return ask(session, "log-level", arguments, [](const Object& reply) {
        const Value* level = reply.find("level");
        std::string text = level != nullptr ? plain_text(*level) + "\n" : std::string{};
        const Value* channels = reply.find("channels");
        if (channels != nullptr && channels->is_object())
            for (const auto& [name, its_level] : channels->as_object())
                text += escaped(name) + ": " + plain_text(its_level) + "\n";
        return text;
    });
}

int cancel(Session& session) {
    return with_client(session, "cancel", [&](Client& client) {
        const auto reply = client.call("cancel", {{"id", *session.invocation.id}}, {.timeout = longest_reply});
        if (!reply) return fail_call(session, reply.error());
        session.console.say(cancel_text(*reply), *reply);
        return 0;
    });
}

int log_reopen(Session& session) {
    return ask(session, "log-reopen", {}, [](const Object&) { return std::string{}; });
}

int reload(Session& session) {
    return with_client(session, "reload", [&](Client& client) {
        Console& console = session.console;
        const auto at_most = session.invocation.timeout.value_or(longest_reload);
        if (const auto refusal = check_reload(session, client, at_most)) return console.fail(*refusal);
        const auto give_up = [&] {
            return console.fail(
                Error{ExitCode::timeout, "reload within " + time_in_words(at_most), "", in_the_way(client)});
        };
        return call_attended(session, client, {"reload", {}, at_most}, [&](const Result<Object, CallError>& reply) {
            if (reply) {
                console.tell(reload_text(*reply), *reply);
                return 0;
            }
            const CallError& error = reply.error();
            const bool is_late = error.code() == "timeout" || error.error().exit_code == ExitCode::timeout;
            return is_late ? give_up() : fail_call(session, error);
        });
    });
}

}  // namespace servicekit::cli

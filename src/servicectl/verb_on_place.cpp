#include "servicectl/verb_on_place.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "cli/completion/completion.hpp"
#include "cli/console.hpp"
#include "cli/exit_status.hpp"
#include "cli/session.hpp"
#include "cli/text.hpp"
#include "core/service_core.hpp"
#include "servicectl/survey.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/policies/control/unix_socket_control.hpp"
#include "servicekit/policies/daemon/forking_daemon.hpp"
#include "servicekit/policies/lock/pid_file_lock.hpp"
#include "servicekit/policies/log/file_log.hpp"
#include "servicekit/service.hpp"

namespace servicekit::servicectl {
namespace {

std::string user_in_words(uid_t uid, const os::Host& host) {
    const auto user = host.users->find_user(std::to_string(uid));
    return user && *user && (*user)->uid == uid && !(*user)->name.empty() ? (*user)->name
                                                                          : "uid " + std::to_string(uid);
}

/// Returns the owner of the place; nothing if there is no such user.
Result<std::optional<os::User>> owner_of(const Place& place, const os::Host& host) {
    auto user = host.users->find_user(std::to_string(place.owner));
    // A login name may consist of digits, too.
    if (user && *user && (*user)->uid != place.owner) user->reset();
    return user;
}

/// Becomes the user of the place. \pre this process is root
Result<void> become_owner(const Place& place, const os::Host& host) {
    const auto user = owner_of(place, host);
    if (!user) return user.error();
    if (!*user)
        return Error{ExitCode::permission, "become", "uid " + std::to_string(place.owner), "there is no such user"};
    return host.users->become(**user, (*user)->gid);
}

/// Returns the place again with its record, if this process has become the user that may have one.
Place with_record(const Place& place, const os::Host& host) {
    for (Place& known : find_places(host))
        if (known.paths.control_socket == place.paths.control_socket && known.paths.pid_file == place.paths.pid_file)
            return std::move(known);
    return place;
}

/// Returns the record of the place, or one that says where it is.
StartRecord record_of(const Place& place) {
    StartRecord record = place.record.value_or(StartRecord{});
    record.paths = place.paths;
    record.paths.choice = Paths::Choice::configured;
    const std::string_view user = setting::user.name;
    if (!record.naming.user.empty() && !record.settings.contains(user))
        record.settings.append(std::string{user}, record.naming.user);
    return record;
}

/// Returns who may connect, if this user may not.
std::optional<Error> refuse_access(const Place& place, const os::Host& host) {
    const std::string& socket = place.paths.control_socket;
    // To connect would start the service.
    const auto of_managers = host.sockets->paths_of_managers();
    if (std::find(of_managers.begin(), of_managers.end(), socket) != of_managers.end()) return std::nullopt;
    const auto probed = host.sockets->probe(socket);
    if (probed || (probed.error().errno_value != EACCES && probed.error().errno_value != EPERM)) return std::nullopt;
    std::string who = "root";
    const auto status = host.files->status(socket, os::Links::do_not_follow);
    if (status && *status && (*status)->type == os::FileType::symlink)
        return Error{ExitCode::permission, "talk to", socket, "permission denied, and it is a symbolic link"};
    if (status && *status) {
        constexpr mode_t group_may = 0020;
        if ((*status)->uid != 0) who += " and " + user_in_words((*status)->uid, host);
        if (((*status)->permissions & group_may) != 0) who += " and group " + std::to_string((*status)->gid);
    }
    return Error{ExitCode::permission, "talk to", socket, "permission denied; " + who + " may"};
}

/// Returns true for an exit code that the status of the service may explain.
bool needs_explanation(int code) {
    return code == to_int(ExitCode::timeout) || code == to_int(ExitCode::os) || code == cli::exit_status::error_reply;
}

/// Prints why a verb failed, if the status of the service shows it.
void explain_failure(const Place& place, int code, cli::Console& console, const os::Host& host) {
    constexpr std::chrono::seconds longest_answer{1};
    const Finding finding = survey({place}, longest_answer, host).front();
    if (const auto newer = newer_protocol(finding)) console.complain(*newer);
    if (code != to_int(ExitCode::timeout)) return;
    const std::string pid = finding.pid > 0 ? " (pid " + std::to_string(finding.pid) + ")" : "";
    if (finding.state == Finding::State::hung)
        console.complain("it does not answer" + pid + "; 'servicectl kill " + place.name() + "' ends it");
    if (finding.state != Finding::State::answers) return;
    const Object busy = busy_with(finding.status);
    if (!busy.empty())
        console.complain("it has been busy with '" + busy.get<std::string>("event") + "' for " +
                         cli::short_duration(std::chrono::seconds{busy.get<std::int64_t>("seconds")}) + pid);
}

/// Returns true if the verb is of no use without the control socket.
bool needs_socket(cli::Verb verb) {
    switch (verb) {
        case cli::Verb::wait:
        case cli::Verb::pid:
        case cli::Verb::logs:
        case cli::Verb::crashes:
            return false;
        default:
            return true;
    }
}

/// Returns true if a process holds the lock of a place that no other user can change.
bool is_locked(const Place& place, const os::Host& host) {
    if (place.owner != 0 && place.owner != host.process->effective_user()) return false;
    const auto owner = host.locks->owner(place.paths.pid_file, os::Look::thorough);
    return owner && owner->has_value();
}

/// Returns true for the place of a record in a directory that other users can change.
bool has_record_among_others(const Place& place, const os::Host& host) {
    return place.record && place.owner != 0 && place.owner != host.process->effective_user();
}

/// Returns an error if another user may have led the record's path to another service.
std::optional<Error> refuse_link(const Place& place, const os::Host& host) {
    const std::string& socket = place.paths.control_socket;
    const auto status = host.files->status(socket, os::Links::do_not_follow);
    if (!status || !*status || (*status)->type != os::FileType::symlink) return std::nullopt;
    return Error{ExitCode::permission, "use the service", socket,
                 "it is a symbolic link, and other users can change its directory"};
}

/// A place, with a stand-in for the service there.
class Target {
public:
    Target(const Place& place, const os::Host& host)
        : record_{record_of(place)},
          stand_in_{ServiceOptions{.name = place.name(), .config = record_.naming.config}, {}, host} {}

    cli::Session session(const cli::Invocation& invocation, const cli::Tools& tools, cli::Console& console) {
        return {.service = stand_in_,
                .core = ServiceCore::of(stand_in_),
                .invocation = invocation,
                .tools = tools,
                .console = console,
                .program = "servicectl",
                .loads_nothing = true,
                .known_place = cli::KnownPlace{.source = cli::KnownPlace::Source::record, .record = record_}};
    }

private:
    StartRecord record_;
    Service stand_in_;
};

int run_here(const Place& place, const Command& command, const cli::Tools& tools) {
    cli::Console console{*tools.host.streams, *tools.host.environment, place.name()};
    if (command.json) console.use_json();
    if (needs_socket(command.invocation.verb))
        if (const auto refusal = refuse_access(place, tools.host)) return console.finish(console.fail(*refusal));
    Target target{place, tools.host};
    cli::Session session = target.session(command.invocation, tools, console);
    session.arguments = command.arguments;
    const os::Clock& clock = *tools.host.clock;
    const auto begun = clock.steady_now();
    const int code = cli::run_verb(session);
    // `status` succeeds if a process holds the lock, even if it does not answer.
    constexpr std::chrono::seconds long_answer{1};
    const bool is_late = command.invocation.verb == cli::Verb::status && clock.steady_now() - begun > long_answer;
    if (is_late)
        explain_failure(place, to_int(ExitCode::timeout), console, tools.host);
    else if (needs_socket(command.invocation.verb) && needs_explanation(code))
        explain_failure(place, code, console, tools.host);
    return console.finish(code);
}

}  // namespace

bool acts_as_owner(const Place& place, const Command& command, const os::Host& host) {
    if (is_of_another_user(place, host)) return true;
    // Root has started the service, but its user can put a link to another one there.
    if (host.process->effective_user() != 0 || !needs_socket(command.invocation.verb)) return false;
    if (!has_record_among_others(place, host)) return false;
    const auto user = owner_of(place, host);
    return user && *user;
}

int run_on(const Place& place, const Command& command, const cli::Tools& tools) {
    const os::Host& host = tools.host;
    if (!acts_as_owner(place, command, host) && !has_record_among_others(place, host))
        return run_here(place, command, tools);
    cli::Console console{*host.streams, *host.environment, place.name()};
    if (command.json) console.use_json();
    if (place.record && needs_socket(command.invocation.verb))
        if (const auto refusal = refuse_link(place, host)) return console.finish(console.fail(*refusal));
    if (!acts_as_owner(place, command, host)) return run_here(place, command, tools);
    if (host.process->effective_user() != 0)
        return console.finish(console.fail(Error{ExitCode::permission, "use the service", place.paths.control_socket,
                                                 "only " + user_in_words(place.owner, host) + " and root may use it"}));
    if (const auto done = become_owner(place, host); !done) return console.finish(console.fail(done.error()));
    return run_here(place.record ? place : with_record(place, host), command, tools);
}

Object events_of(const Place& place, const cli::Tools& tools) {
    const os::Host& host = tools.host;
    const std::string& socket = place.paths.control_socket;
    const auto of_managers = host.sockets->paths_of_managers();
    const bool is_managed = std::find(of_managers.begin(), of_managers.end(), socket) != of_managers.end();
    // To connect would start the service.
    if (is_managed && !is_locked(place, host)) return {};
    if (has_record_among_others(place, host) && refuse_link(place, host)) return {};
    Place known = place;
    if (is_of_another_user(place, host)) {
        const auto status = host.files->status(socket, os::Links::do_not_follow);
        const bool is_socket = status && *status && (*status)->type == os::FileType::socket;
        if (!is_socket || host.process->effective_user() != 0 || !become_owner(place, host)) return {};
        known = with_record(place, host);
    }
    cli::Console console{*host.streams, *host.environment, place.name()};
    const cli::Invocation invocation{.verb = cli::Verb::complete};
    Target target{known, host};
    cli::Session session = target.session(invocation, tools, console);
    return cli::events_for_completion(session, {});
}

}  // namespace servicekit::servicectl

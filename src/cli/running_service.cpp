#include "cli/running_service.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/path_parts.hpp"
#include "client/server_check.hpp"
#include "servicekit/os/closed_directory.hpp"

namespace servicekit::cli {
namespace {

using std::chrono::milliseconds;

/// Longest delay until an interruption is noticed, and until the end of a process that cannot be watched is.
constexpr milliseconds slice{100};
/// The most that the process may take to end after it has released the lock. A program may also go on without the
/// service.
constexpr milliseconds last_steps{1000};

}  // namespace

std::string Instance::in_words() const { return pid > 0 ? "pid " + std::to_string(pid) : "pid unknown"; }

std::optional<Error> refuse_link(const Paths& paths, const std::vector<uid_t>& users, os::Files& files) {
    const auto socket = files.status(paths.control_socket, os::Links::do_not_follow);
    if (!socket || !*socket || (*socket)->type != os::FileType::symlink) return std::nullopt;
    const auto closed = os::is_closed_directory(files, directory_of(paths.control_socket), users);
    if (closed && *closed) return std::nullopt;
    return Error{ExitCode::permission, "trust", paths.control_socket,
                 "it is a symbolic link in a directory that others can change"};
}

Result<std::optional<Instance>> RunningService::find() {
    std::optional<Error> blind;
    for (const auto witness : {Instance::Witness::lock, Instance::Witness::socket}) {
        for (const Paths& paths : candidates_) {
            auto found = look(paths, witness);
            if (found && found->has_value()) return found;
            if (!found && !blind) blind = found.error();
        }
    }
    if (blind) return *blind;
    return std::optional<Instance>{};
}

Result<std::optional<Instance>> RunningService::look(const Paths& paths, Instance::Witness witness) {
    return witness == Instance::Witness::lock ? ask_lock(paths) : ask_socket(paths);
}

Result<std::optional<Instance>> RunningService::ask_lock(const Paths& paths) {
    const auto deployment = make_deployment(settings_, paths, tools_.host);
    if (!deployment) return deployment.error();
    lock_.configure(*deployment);
    const auto owner = lock_.owner();
    if (!owner) return owner.error();
    if (!*owner) return std::optional<Instance>{};
    if (!(*owner)->is_instance) {
        bystander_ = "'" + paths.pid_file + "' is locked by " + (*owner)->where + ", which is not an instance of it";
        return std::optional<Instance>{};
    }
    Instance instance{.paths = paths, .pid = (*owner)->pid, .users = trusted_users()};
    const Peer holder{.pid = (*owner)->pid, .uid = (*owner)->uid.value_or(no_id)};
    const bool is_proof = is_closed(paths);
    if (is_proof && holder.uid != no_id && tools_.host.users->is_one_user(holder.uid))
        instance.users.push_back(holder.uid);
    // A service that ends closes its socket before it releases the lock, so its socket proves nothing then.
    const bool is_known = is_proof || may_serve(holder, instance.users) || (holder.pid > 0 && holder.pid == known_pid_);
    if (is_known && instance.pid > 0) return std::optional{std::move(instance)};
    const Peer server = server_at(paths);
    if (!is_known && !may_serve(server, instance.users))
        return refuse_stranger(paths, paths.pid_file, "locked by " + describe_stranger(holder));
    if (instance.pid <= 0) instance.pid = server.pid;
    return std::optional{std::move(instance)};
}

Result<std::optional<Instance>> RunningService::ask_socket(const Paths& paths) {
    // To connect would start the service.
    if (tools_.host.sockets->is_left_to_manager(paths.control_socket)) return std::optional<Instance>{};
    const auto listening = tools_.host.sockets->probe(paths.control_socket);
    if (!listening) {
        // A service with a pidfile holds a lock, and the lock was checked before. So this socket was left by a dead
        // one.
        const auto pid_file = tools_.host.files->status(paths.pid_file, os::Links::follow);
        if (pid_file && pid_file->has_value()) return std::optional<Instance>{};
        return listening.error();
    }
    if (*listening != os::Listening::yes) return std::optional<Instance>{};
    if (auto link = refuse_link(paths, trusted_users(), *tools_.host.files)) return *std::move(link);
    const auto connection = tools_.host.sockets->connect(paths.control_socket);
    if (!connection) {
        // The service may have ended since the probe.
        const int reason = connection.error().errno_value;
        if (reason == ENOENT || reason == ECONNREFUSED) return std::optional<Instance>{};
        return connection.error();
    }
    const Peer server = (*connection)->peer();
    if (!may_serve(server, trusted_users()))
        return refuse_stranger(paths, paths.control_socket, "served by " + describe_stranger(server));
    return std::optional{Instance{.paths = paths,
                                  .pid = std::max(server.pid, pid_t{0}),
                                  .witness = Instance::Witness::socket,
                                  .users = trusted_users()}};
}

Peer RunningService::server_at(const Paths& paths) {
    const Peer nobody{.pid = 0, .uid = no_id};
    if (refuse_link(paths, trusted_users(), *tools_.host.files)) return nobody;
    const auto connection = tools_.host.sockets->connect(paths.control_socket);
    Peer server = connection ? (*connection)->peer() : nobody;
    server.pid = std::max(server.pid, pid_t{0});
    return server;
}

Result<std::optional<Instance>> RunningService::refuse_stranger(const Paths& paths, const std::string& object,
                                                                const std::string& reason) {
    if (paths.choice == Paths::Choice::configured)
        return Error{ExitCode::permission, "trust", object, "it is " + reason};
    bystander_ = "'" + object + "' is " + reason;
    return std::optional<Instance>{};
}

const std::vector<uid_t>& RunningService::trusted_users() {
    if (trusted_) return *trusted_;
    os::Users& users = *tools_.host.users;
    trusted_.emplace();
    const auto trust = [&](uid_t uid) {
        if (users.is_one_user(uid)) trusted_->push_back(uid);
    };
    trust(tools_.host.process->effective_user());
    if (const std::string name = settings_.get(setting::user); !name.empty())
        if (const auto user = users.find_user(name); user && *user) trust((*user)->uid);
    return *trusted_;
}

bool RunningService::is_closed(const Paths& paths) {
    const auto closed = os::is_closed_directory(*tools_.host.files, directory_of(paths.pid_file), trusted_users());
    return closed && *closed;
}

std::vector<std::string> RunningService::left_behind() {
    std::vector<std::string> left;
    for (const Paths& paths : candidates_) {
        // In a default place that is open to all, anyone may have left a file.
        if (paths.choice != Paths::Choice::configured && !is_closed(paths)) continue;
        const auto pid_file = tools_.host.files->status(paths.pid_file, os::Links::follow);
        if (pid_file && pid_file->has_value() && (*pid_file)->size > 0) left.push_back(paths.pid_file);
        // A clean end empties the pidfile, but cannot remove the socket from a directory that only root may change.
        if (pid_file && pid_file->has_value() && (*pid_file)->size == 0) continue;
        const auto socket = tools_.host.files->status(paths.control_socket, os::Links::follow);
        if (socket && socket->has_value() && (*socket)->type == os::FileType::socket &&
            !tools_.host.sockets->is_left_to_manager(paths.control_socket))
            left.push_back(paths.control_socket);
    }
    return left;
}

std::string RunningService::tried_in_words() const {
    std::string text;
    for (const Paths& paths : candidates_) {
        if (!text.empty()) text += &paths == &candidates_.back() ? " or " : ", ";
        text += "'" + (lock_.tells_owner() ? paths.pid_file : paths.control_socket) + "'";
    }
    return text;
}

Result<bool> RunningService::signal(const Instance& instance, int number) {
    if (instance.pid <= 0)
        return Error{ExitCode::timeout, "signal the owner of", instance.paths.pid_file, "its pid is unknown"};
    std::optional<Error> refusal;
    const auto still_meant = [&] {
        const auto now = look(instance.paths, instance.witness);
        if (!now || !*now || (*now)->pid != instance.pid) return false;
        refusal = refuse_foreign(instance);
        return !refusal.has_value();
    };
    auto sent = tools_.host.processes->signal(instance.pid, number, still_meant);
    if (refusal) return *refusal;
    return sent;
}

std::optional<Error> RunningService::refuse_foreign(const Instance& instance) const {
    const auto refuse = [&](std::string reason) {
        return Error{ExitCode::permission, "signal", "pid " + std::to_string(instance.pid), std::move(reason)};
    };
    const auto runs_as = tools_.host.processes->effective_user_of(instance.pid);
    if (!runs_as) return refuse("the user that it runs as is unknown");
    if (may_serve({.pid = instance.pid, .uid = *runs_as}, instance.users)) return std::nullopt;
    return refuse("it runs as " + describe_stranger({.pid = 0, .uid = *runs_as}));
}

Result<RunningService::Waited> RunningService::wait_for_end(const Instance& instance, Deadline deadline,
                                                            os::InterruptibleSleep& sleep) {
    known_pid_ = instance.pid;
    const auto left = [&](milliseconds at_most) {
        if (!deadline) return at_most;
        return std::min(at_most, std::chrono::ceil<milliseconds>(*deadline - tools_.host.clock->steady_now()));
    };
    bool has_ended = false;
    for (;;) {
        const auto now = look(instance.paths, instance.witness);
        if (!now) return now.error();
        if (!*now) return has_ended ? Waited::ended : wait_for_last_steps(instance.pid, left(last_steps), sleep);
        if (instance.pid > 0 && (*now)->pid > 0 && (*now)->pid != instance.pid) return Waited::replaced;

        const milliseconds at_most = left(slice);
        if (at_most <= milliseconds::zero()) return Waited::still_runs;
        // If it has ended and still owns the lock, it has left the lock to a child, or it is not visible from here.
        const bool can_watch = instance.pid > 0 && !has_ended;
        if (can_watch) has_ended = tools_.host.processes->wait_for_end(instance.pid, at_most);
        if (!sleep.sleep_for(can_watch ? milliseconds::zero() : at_most)) return Waited::interrupted;
    }
}

// The kernel closes the files of a process, and with them its lock, before others see that it has ended.
RunningService::Waited RunningService::wait_for_last_steps(pid_t pid, milliseconds at_most,
                                                           os::InterruptibleSleep& sleep) {
    for (milliseconds waited{0}; pid > 0 && waited < at_most; waited += slice) {
        if (tools_.host.processes->wait_for_end(pid, std::min(slice, at_most - waited))) break;
        if (!sleep.sleep_for(milliseconds::zero())) return Waited::interrupted;
    }
    return Waited::ended;
}

}  // namespace servicekit::cli

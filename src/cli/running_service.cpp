#include "cli/running_service.hpp"

#include <algorithm>
#include <utility>

namespace servicekit::cli {
namespace {

using std::chrono::milliseconds;

/// How late an interruption may be noticed while a process is waited for, and the end of one that can't be.
constexpr milliseconds slice{100};

}  // namespace

std::string Instance::in_words() const { return pid > 0 ? "pid " + std::to_string(pid) : "its pid can't be told"; }

Result<std::optional<Instance>> RunningService::find() {
    std::optional<Error> blind;
    for (const auto witness : {Instance::Witness::lock, Instance::Witness::socket}) {
        for (const Places& places : candidates_) {
            auto found = look(places, witness);
            if (found && found->has_value()) return found;
            if (!found && !blind) blind = found.error();
        }
    }
    if (blind) return *blind;
    return std::optional<Instance>{};
}

Result<std::optional<Instance>> RunningService::look(const Places& places, Instance::Witness witness) {
    return witness == Instance::Witness::lock ? ask_lock(places) : ask_socket(places);
}

Result<std::optional<Instance>> RunningService::ask_lock(const Places& places) {
    const auto deployment = make_deployment(settings_, places, tools_.host);
    if (!deployment) return deployment.error();
    lock_.configure(*deployment);
    const auto owner = lock_.owner();
    if (!owner) return owner.error();
    if (!*owner) return std::optional<Instance>{};
    if (!(*owner)->is_instance) {
        bystander_ = "'" + places.pid_file + "' is locked by " + (*owner)->where + ", which is no instance of it";
        return std::optional<Instance>{};
    }
    Instance instance{.places = places, .pid = (*owner)->pid};
    if (instance.pid <= 0) instance.pid = pid_behind_socket(places);
    return std::optional{std::move(instance)};
}

Result<std::optional<Instance>> RunningService::ask_socket(const Places& places) {
    // Whoever connects would start the service.
    if (tools_.sockets->is_left_to_manager(places.control_socket)) return std::optional<Instance>{};
    const auto listening = tools_.sockets->probe(places.control_socket);
    if (!listening) {
        // Who keeps a pidfile keeps a lock, which was asked before: then it is a dead one's socket.
        const auto pid_file = tools_.host.files->status(places.pid_file, os::Links::follow);
        if (pid_file && pid_file->has_value()) return std::optional<Instance>{};
        return listening.error();
    }
    if (*listening != os::Listening::yes) return std::optional<Instance>{};
    return std::optional{
        Instance{.places = places, .pid = pid_behind_socket(places), .witness = Instance::Witness::socket}};
}

pid_t RunningService::pid_behind_socket(const Places& places) const {
    const auto connection = tools_.sockets->connect(places.control_socket);
    return connection ? std::max((*connection)->peer().pid, pid_t{0}) : 0;
}

std::vector<std::string> RunningService::left_behind() const {
    std::vector<std::string> paths;
    for (const Places& places : candidates_) {
        const auto pid_file = tools_.host.files->status(places.pid_file, os::Links::follow);
        if (pid_file && pid_file->has_value() && (*pid_file)->size > 0) paths.push_back(places.pid_file);
        // A clean end empties the pidfile, yet can't remove the socket from a folder that is root's alone.
        if (pid_file && pid_file->has_value() && (*pid_file)->size == 0) continue;
        const auto socket = tools_.host.files->status(places.control_socket, os::Links::follow);
        if (socket && socket->has_value() && (*socket)->type == os::FileType::socket &&
            !tools_.sockets->is_left_to_manager(places.control_socket))
            paths.push_back(places.control_socket);
    }
    return paths;
}

std::string RunningService::tried_in_words() const {
    std::string text;
    for (const Places& places : candidates_) {
        if (!text.empty()) text += &places == &candidates_.back() ? " or " : ", ";
        text += "'" + (lock_.tells_owner() ? places.pid_file : places.control_socket) + "'";
    }
    return text;
}

Result<bool> RunningService::signal(const Instance& instance, int number) {
    if (instance.pid <= 0)
        return Error{ExitCode::timeout, "signal the owner of", instance.places.pid_file, "its pid can't be told"};
    std::optional<Error> refusal;
    const auto still_meant = [&] {
        const auto now = look(instance.places, instance.witness);
        if (!now || !*now || (*now)->pid != instance.pid) return false;
        refusal = refuse_foreign(instance);
        return !refusal.has_value();
    };
    auto sent = tools_.processes->signal(instance.pid, number, still_meant);
    if (refusal) return *refusal;
    return sent;
}

std::optional<Error> RunningService::refuse_foreign(const Instance& instance) const {
    const auto refuse = [&](std::string reason) {
        return Error{ExitCode::permission, "signal", "pid " + std::to_string(instance.pid), std::move(reason)};
    };
    const auto runs_as = tools_.processes->effective_user_of(instance.pid);
    if (!runs_as) return refuse("nobody can tell which user it runs as");
    const uid_t self = tools_.host.process->effective_user();
    const auto should = service_user(instance.places);
    if (*runs_as == self || (should && *runs_as == *should)) return std::nullopt;
    return refuse("it runs as uid " + std::to_string(*runs_as) + ", the service as uid " +
                  std::to_string(should.value_or(self)));
}

std::optional<uid_t> RunningService::service_user(const Places& places) const {
    if (const std::string name = settings_.get(setting::user); !name.empty()) {
        const auto user = tools_.host.users->find_user(name);
        if (user && user->has_value()) return (*user)->uid;
        return std::nullopt;
    }
    // A service that drops its privileges by itself hands over what it made while it had them.
    for (const std::string& path : {places.pid_file, places.control_socket}) {
        const auto file = tools_.host.files->status(path, os::Links::follow);
        if (file && file->has_value()) return (*file)->uid;
    }
    return std::nullopt;
}

Result<RunningService::Waited> RunningService::wait_for_end(const Instance& instance, Deadline deadline,
                                                            os::InterruptibleSleep& sleep) {
    bool has_ended = false;
    for (;;) {
        const auto now = look(instance.places, instance.witness);
        if (!now) return now.error();
        if (!*now) return Waited::ended;
        if (instance.pid > 0 && (*now)->pid > 0 && (*now)->pid != instance.pid) return Waited::replaced;

        milliseconds left = slice;
        if (deadline) {
            left = std::chrono::ceil<milliseconds>(*deadline - tools_.host.clock->steady_now());
            if (left <= milliseconds::zero()) return Waited::still_runs;
        }
        const milliseconds at_most = std::min(left, slice);
        // One that has ended and owns the lock nevertheless has left it to somebody, or lives where we can't see it.
        const bool can_watch = instance.pid > 0 && !has_ended;
        if (can_watch) has_ended = tools_.processes->wait_for_end(instance.pid, at_most);
        if (!sleep.sleep_for(can_watch ? milliseconds::zero() : at_most)) return Waited::interrupted;
    }
}

}  // namespace servicekit::cli

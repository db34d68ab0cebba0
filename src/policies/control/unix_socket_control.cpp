#include "servicekit/policies/control/unix_socket_control.hpp"

#include <exception>
#include <optional>
#include <utility>

#include "policies/control/control_server.hpp"

namespace servicekit {

struct UnixSocketControl::State {
    State(Options the_options, os::LocalSockets& the_sockets, os::Users& the_users, const os::Process& the_process)
        : options{std::move(the_options)}, sockets{&the_sockets}, users{&the_users}, process{&the_process} {}

    [[nodiscard]] Error cannot_listen(std::string reason, ExitCode code = ExitCode::cannot_create) const {
        return {code, "listen on", path, std::move(reason)};
    }
    [[nodiscard]] Error cannot_listen(const Error& cause) const {
        Error error = cause.at_stage(ExitCode::cannot_create);
        error.action = "listen on";
        error.object = path;
        return error;
    }
    [[nodiscard]] Result<os::LocalSocketAccess> access();
    [[nodiscard]] Result<std::unique_ptr<os::LocalListener>> listen();

    Options options;
    os::LocalSockets* sockets;
    os::Users* users;
    const os::Process* process;

    std::string path;
    std::optional<uid_t> owner;  ///< as the options name them
    std::optional<gid_t> group;
    std::unique_ptr<policies::ControlServer> server;
};

Result<os::LocalSocketAccess> UnixSocketControl::State::access() {
    if (!options.owner.empty()) {
        const auto user = users->find_user(options.owner);
        if (!user) return cannot_listen(user.error());
        if (!*user) return cannot_listen("there is no user '" + options.owner + "'");
        owner = (*user)->uid;
    }
    if (!options.group.empty()) {
        const auto found = users->find_group(options.group);
        if (!found) return cannot_listen(found.error());
        if (!*found) return cannot_listen("there is no group '" + options.group + "'");
        group = *found;
    }
    return os::LocalSocketAccess{.permissions = options.permissions, .owner = owner, .group = group};
}

Result<std::unique_ptr<os::LocalListener>> UnixSocketControl::State::listen() {
    // The service changes its working directory; the path must not change with it.
    if (!path.starts_with('/')) return cannot_listen("not an absolute path");
    const auto access = this->access();
    if (!access) return access.error();
    // A lock policy may be none at all: then only a socket that answers tells that it is not left over.
    const auto probed = sockets->probe(path);
    if (!probed) return cannot_listen(probed.error());
    if (*probed == os::Listening::yes)
        return cannot_listen("already served by a running process", ExitCode::already_running);
    auto listener = sockets->listen(path, *access);
    if (!listener) return cannot_listen(listener.error());
    return listener;
}

UnixSocketControl::UnixSocketControl() : UnixSocketControl{Options{}} {}

UnixSocketControl::UnixSocketControl(Options options, os::LocalSockets& sockets, os::Users& users,
                                     const os::Process& process)
    : state_{std::make_unique<State>(std::move(options), sockets, users, process)} {}

UnixSocketControl::UnixSocketControl(UnixSocketControl&& other) noexcept = default;
UnixSocketControl& UnixSocketControl::operator=(UnixSocketControl&& other) noexcept = default;
UnixSocketControl::~UnixSocketControl() = default;

void UnixSocketControl::configure(const contract::Deployment& deployment) {
    state_->path = state_->options.path.empty() ? deployment.control_socket : state_->options.path;
}

Result<void> UnixSocketControl::open(contract::Requests& requests, os::EventLoop& loop) {
    State& state = *state_;
    auto listener = state.listen();
    if (!listener) return listener.error();
    auto server = std::make_unique<policies::ControlServer>(state.options, requests, loop, std::move(*listener),
                                                            state.owner.value_or(state.process->effective_user()));
    try {
        server->start();
    } catch (const std::exception& exception) {
        server->close();
        return state.cannot_listen(exception.what());
    }
    state.server = std::move(server);
    return {};
}

std::string UnixSocketControl::endpoint() const { return state_->path; }

Result<void> UnixSocketControl::hand_to(uid_t uid, gid_t gid) {
    State& state = *state_;
    if (!state.server) return {};
    const uid_t owner = state.owner.value_or(uid);
    return state.server->hand_to(owner, state.group.value_or(gid), owner);
}

// The server stays: it may be what called, from within a request.
void UnixSocketControl::close() noexcept {
    if (state_->server) state_->server->close();
}

}  // namespace servicekit

#include "servicekit/policies/control/unix_socket_control.hpp"

#include <cerrno>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "policies/control/control_server.hpp"
#include "policies/control/socket_accounts.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/local_sockets.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/os/users.hpp"

namespace servicekit {

struct UnixSocketControl::State {
    State(Options the_options, const os::Host& host)
        : given{std::move(the_options)},
          options{given},
          sockets{host.sockets},
          users{host.users},
          process{host.process},
          clock{host.clock} {}

    [[nodiscard]] Error cannot_listen(std::string reason, ExitCode code = ExitCode::cannot_create) const {
        return {code, "listen on", options.path, std::move(reason)};
    }
    [[nodiscard]] Error cannot_listen(const Error& cause, ExitCode code = ExitCode::cannot_create) const {
        Error error = cause.at_stage(code);
        error.action = "listen on";
        error.object = options.path;
        return error;
    }
    [[nodiscard]] Result<os::LocalSocketAccess> access();
    [[nodiscard]] Result<std::unique_ptr<os::LocalListener>> listen();

    Options given;    ///< set by the application
    Options options;  ///< in effect: with the settings of the deployment
    os::LocalSockets* sockets;
    os::Users* users;
    const os::Process* process;
    const os::Clock* clock;

    std::optional<int> passed;   ///< a socket that the service manager has opened
    std::optional<uid_t> owner;  ///< as the options name them
    std::optional<gid_t> group;
    std::unique_ptr<policies::ControlServer> server;
};

Result<os::LocalSocketAccess> UnixSocketControl::State::access() {
    const auto accounts = policies::find_socket_accounts(options, *users);
    if (!accounts) return accounts.error();
    if (accounts->owner) owner = accounts->owner;
    if (accounts->group) group = accounts->group;
    return os::LocalSocketAccess{.permissions = options.permissions, .owner = owner, .group = group};
}

Result<std::unique_ptr<os::LocalListener>> UnixSocketControl::State::listen() {
    // A relative path would change its meaning when the service changes its working directory.
    const std::string& path = options.path;
    if (!path.starts_with('/')) return cannot_listen("not an absolute path");
    const auto access = this->access();
    if (!access) return access.error();
    if (passed) {
        auto adopted = sockets->adopt(*std::exchange(passed, std::nullopt), path);
        if (!adopted) return cannot_listen(adopted.error(), adopted.error().exit_code);
        return adopted;
    }
    // The lock policy may not lock anything. Then only a socket that answers is known to be in use.
    const auto probed = sockets->probe(path);
    if (!probed) return cannot_listen(probed.error());
    if (*probed == os::Listening::yes)
        return cannot_listen("already served by a running process", ExitCode::already_running);
    auto listener = sockets->listen(path, *access);
    if (!listener) return cannot_listen(listener.error());
    return listener;
}

UnixSocketControl::UnixSocketControl() : UnixSocketControl{Options{}} {}

UnixSocketControl::UnixSocketControl(Options options, const os::Host& host)
    : state_{std::make_unique<State>(std::move(options), host)} {}

UnixSocketControl::UnixSocketControl(UnixSocketControl&& other) noexcept = default;
UnixSocketControl& UnixSocketControl::operator=(UnixSocketControl&& other) noexcept = default;
UnixSocketControl::~UnixSocketControl() = default;

void UnixSocketControl::configure(const Deployment& deployment) {
    Options& options = state_->options = state_->given;
    const ControlAccess& access = deployment.control_access;
    if (options.path.empty()) options.path = deployment.control_socket;
    if (access.permissions) options.permissions = *access.permissions;
    if (!access.owner.empty()) options.owner = access.owner;
    if (!access.group.empty()) options.group = access.group;
    if (access.read) options.read = *access.read;
    if (access.operate) options.operate = *access.operate;
    if (access.admin) options.admin = *access.admin;
    state_->passed = deployment.control_descriptor;
}

ControlAccess UnixSocketControl::access() const {
    const Options& options = state_->options;
    return {.permissions = options.permissions,
            .owner = options.owner,
            .group = options.group,
            .read = options.read,
            .operate = options.operate,
            .admin = options.admin};
}

Result<void> UnixSocketControl::open(Requests& requests, os::EventLoop& loop) {
    State& state = *state_;
    auto roles = policies::ControlRoles::look_up(state.options, *state.users);
    if (!roles) return roles.error().at_stage(ExitCode::cannot_create);
    const bool is_passed = state.passed.has_value();
    auto listener = state.listen();
    if (!listener) return listener.error();
    if (const auto shortcoming = (*listener)->shortcoming()) requests.note(*shortcoming);
    const auto group = (*listener)->group();
    if (!group) return state.cannot_listen(group.error());
    // Clients that the file excludes cannot connect, so no other line would mention them.
    if (is_passed && state.group && *state.group != *group)
        requests.note(Error{ExitCode::configuration, "let the group '" + state.options.group + "' connect to",
                            state.options.path,
                            "the service manager made it, for group " + std::to_string(*group) +
                                "; 'unit --socket' writes a unit that fits"});
    const uid_t service = state.process->effective_user();
    auto server = std::make_unique<policies::ControlServer>(
        state.options, requests, loop, *state.process, *state.clock, std::move(*listener), std::move(*roles),
        policies::ControlRoles::Belonging{.service = service, .owner = state.owner.value_or(service), .group = *group});
    try {
        server->start();
    } catch (const std::bad_alloc&) {
        server->close();
        return os_error("listen on", state.options.path, ENOMEM);
    } catch (const std::system_error& error) {
        server->close();
        return os_error("listen on", state.options.path, error.code().value());
    }
    state.server = std::move(server);
    return {};
}

std::string UnixSocketControl::endpoint() const { return state_->options.path; }

std::optional<ControlCounts> UnixSocketControl::counts() const {
    return state_->server ? state_->server->counts() : ControlCounts{};
}

Result<void> UnixSocketControl::change_owner(uid_t uid, gid_t gid) {
    State& state = *state_;
    if (!state.server) return {};
    return state.server->change_owner(
        {.service = uid, .owner = state.owner.value_or(uid), .group = state.group.value_or(gid)});
}

// The server is kept: the call may come from one of its requests.
void UnixSocketControl::close() noexcept {
    if (state_->server) state_->server->close();
}

}  // namespace servicekit

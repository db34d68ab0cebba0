#include "client/server_check.hpp"

#include <algorithm>

#include "servicekit/os/host.hpp"

namespace servicekit {

bool may_serve(const Peer& server, const std::vector<uid_t>& users) {
    // The kernel does not report the peer's user.
    if (server.uid == no_id) return false;
    return server.uid == 0 || std::find(users.begin(), users.end(), server.uid) != users.end();
}

std::string describe_stranger(const Peer& server) {
    std::string text = server.uid == no_id ? "an unknown user" : "uid " + std::to_string(server.uid);
    if (server.pid > 0) text += " (pid " + std::to_string(server.pid) + ")";
    return text + ", who is neither root nor this user, nor the service's user that the setting 'user' names";
}

std::optional<Error> refuse_server(const std::string& path, const Peer& server, const std::vector<uid_t>& users) {
    if (may_serve(server, users)) return std::nullopt;
    return Error{ExitCode::permission, "talk to", path, "it is served by " + describe_stranger(server)};
}

std::vector<uid_t> own_users(const os::Host& host) {
    const uid_t self = host.process->effective_user();
    // If this user namespace maps several users to one number, this process cannot distinguish its own user from them.
    if (!host.users->is_one_user(self)) return {};
    return {self};
}

}  // namespace servicekit

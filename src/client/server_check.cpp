#include "client/server_check.hpp"

#include <algorithm>

namespace servicekit {

bool may_serve(const Peer& server, const std::vector<uid_t>& users) {
    // The kernel says nothing of the peer.
    if (server.uid == no_id) return false;
    return server.uid == 0 || std::find(users.begin(), users.end(), server.uid) != users.end();
}

std::string describe_stranger(const Peer& server) {
    std::string text = server.uid == no_id ? "an unknown user" : "uid " + std::to_string(server.uid);
    if (server.pid > 0) text += " (pid " + std::to_string(server.pid) + ")";
    return text + ", who is neither root nor this user, nor the service's user that the setting 'user' names";
}

}  // namespace servicekit

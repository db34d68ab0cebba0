#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "servicekit/base/peer.hpp"

namespace servicekit {

/// Whether a process that listens on a control socket is root's, or one of these users'.
[[nodiscard]] bool may_serve(const Peer& server, const std::vector<uid_t>& users);

/// "uid 1000 (pid 4711), who is neither root nor this user, nor the service's user that the setting 'user' names"
[[nodiscard]] std::string describe_stranger(const Peer& server);

}  // namespace servicekit

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "servicekit/base/error.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/os/interfaces.hpp"

namespace servicekit {

/// Whether a process that listens on a control socket is root's, or one of these users'.
[[nodiscard]] bool may_serve(const Peer& server, const std::vector<uid_t>& users);

/// "uid 1000 (pid 4711), who is neither root nor this user, nor the service's user that the setting 'user' names"
[[nodiscard]] std::string describe_stranger(const Peer& server);

/// \returns why nothing is sent to this server of a socket
[[nodiscard]] std::optional<Error> refuse_server(const std::string& path, const Peer& server,
                                                 const std::vector<uid_t>& users);

/// This process's user, if it is a user of its own.
[[nodiscard]] std::vector<uid_t> own_users(const os::Host& host);

}  // namespace servicekit

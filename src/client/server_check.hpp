#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "servicekit/base/error.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/os/interfaces.hpp"

namespace servicekit {

/// Returns true if a server of a control socket runs as root or as one of these users.
[[nodiscard]] bool may_serve(const Peer& server, const std::vector<uid_t>& users);

/// Returns "uid 1000 (pid 4711), who is neither root nor this user, nor the service's user that the setting 'user'
/// names".
[[nodiscard]] std::string describe_stranger(const Peer& server);

/// \returns an error if nothing may be sent to this server
[[nodiscard]] std::optional<Error> refuse_server(const std::string& path, const Peer& server,
                                                 const std::vector<uid_t>& users);

/// Returns this process's user, unless other users appear under the same number.
[[nodiscard]] std::vector<uid_t> own_users(const os::Host& host);

}  // namespace servicekit

#pragma once

#include <sys/types.h>

#include <vector>

#include "servicekit/base/control_role.hpp"

namespace servicekit {

/// The id of no user and no group. The kernel returns it if it does not know the id, and takes it as "leave unchanged".
inline constexpr auto no_id = static_cast<id_t>(-1);

/// The sender of a request: the process at the other end of the control socket when it connected (SO_PEERCRED and
/// SO_PEERGROUPS, unix(7)), the sender of a signal (sigaction(2)), or this process itself.
struct Peer {
    pid_t pid = 0;                   ///< 0 if unknown: another pid namespace, the kernel
    uid_t uid = no_id;               ///< no_id if unknown
    gid_t gid = no_id;               ///< no_id if unknown
    std::vector<gid_t> groups = {};  ///< supplementary groups
    /// Its role. The control policy finds it. This process itself has the role owner; the sender of a signal has the
    /// role admin, because the kernel has let it send the signal.
    ControlRole role = ControlRole::none;
};

}  // namespace servicekit

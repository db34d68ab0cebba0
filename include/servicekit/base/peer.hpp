#pragma once

#include <sys/types.h>

#include <vector>

#include "servicekit/base/control_role.hpp"

namespace servicekit {

/// Who asks: the process at the other end of the control socket when it connected
/// (SO_PEERCRED and SO_PEERGROUPS, unix(7)), the sender of a signal (sigaction(2)),
/// or this process itself.
struct Peer {
    pid_t pid = 0;  ///< 0 where unknown: another pid namespace, the kernel
    uid_t uid = static_cast<uid_t>(-1);
    gid_t gid = static_cast<gid_t>(-1);
    std::vector<gid_t> groups = {};  ///< supplementary groups
    /// What it may ask for: found by the control policy; owner for this process itself; admin for the sender of a signal,
    /// whom the kernel let send it.
    ControlRole role = ControlRole::none;
};

}  // namespace servicekit

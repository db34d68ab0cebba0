#pragma once

#include <sys/types.h>

#include <vector>

#include "servicekit/base/control_role.hpp"

namespace servicekit {

/// The id of no user and no group: the kernel gives it for one that it can't tell, and takes it for "leave as it is".
inline constexpr auto no_id = static_cast<id_t>(-1);

/// Who asks: the process at the other end of the control socket when it connected
/// (SO_PEERCRED and SO_PEERGROUPS, unix(7)), the sender of a signal (sigaction(2)),
/// or this process itself.
struct Peer {
    pid_t pid = 0;  ///< 0 where unknown: another pid namespace, the kernel
    uid_t uid = no_id;
    gid_t gid = no_id;
    std::vector<gid_t> groups = {};  ///< supplementary groups
    /// What it may ask for: found by the control policy; owner for this process itself; admin for the sender of a signal,
    /// whom the kernel let send it.
    ControlRole role = ControlRole::none;
};

}  // namespace servicekit

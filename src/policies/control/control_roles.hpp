#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "base/peer_rule.hpp"
#include "servicekit/base/control_role.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/users.hpp"
#include "servicekit/policies/control/unix_socket_control.hpp"

namespace servicekit::policies {

/// Determines the role of a peer, by rules whose names are looked up once.
class ControlRoles {
public:
    /// Users and groups of the socket and of the service behind it.
    struct Belonging {
        uid_t service = no_id;  ///< the user of the service's process
        uid_t owner = no_id;    ///< of the socket's file
        gid_t group = no_id;    ///< of the socket's file
    };

    /// \returns ExitCode::configuration for an invalid rule, or one that names an unknown user or group
    [[nodiscard]] static Result<ControlRoles> look_up(const UnixSocketControl::Options& options, os::Users& users);

    void set_belonging(const Belonging& belonging) noexcept { belonging_ = belonging; }

    [[nodiscard]] ControlRole role_of(const Peer& peer) const noexcept;
    /// Returns true if the groups of a peer may give it the role `operate` or a higher one.
    [[nodiscard]] bool groups_may_operate() const noexcept;

private:
    struct Rule {
        ControlRole role = ControlRole::none;
        PeerRule::Kind kind = PeerRule::Kind::everyone;
        id_t id = 0;  ///< of the user or group
    };
    [[nodiscard]] bool means(const Rule& rule, const Peer& peer) const noexcept;

    std::vector<Rule> rules_;  ///< the highest role first
    Belonging belonging_;
};

}  // namespace servicekit::policies

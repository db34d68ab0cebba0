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

/// Which role a peer has, by rules whose names are looked up once.
class ControlRoles {
public:
    /// Whom the socket and the service behind it belong to.
    struct Belonging {
        uid_t service = no_id;  ///< who the service runs as
        uid_t owner = no_id;    ///< of the socket's file
        gid_t group = no_id;    ///< of the socket's file
    };

    /// \returns ExitCode::configuration for a rule that is none, or that names nobody
    [[nodiscard]] static Result<ControlRoles> look_up(const UnixSocketControl::Options& options, os::Users& users);

    void set_belonging(const Belonging& belonging) noexcept { belonging_ = belonging; }

    [[nodiscard]] ControlRole role_of(const Peer& peer) const noexcept;

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

#pragma once

#include <string_view>

namespace servicekit {

/// What a client may ask of a running service. Each role includes the ones before it. docs/protocol.md
/// lists the role that each event needs.
enum class ControlRole {
    none,     ///< nothing, although the client can connect
    read,     ///< query the service: `status`, `events`
    operate,  ///< use the service: `reload`, `log-reopen`, the service's own events
    admin,    ///< end the service: `stop`, `kill`
    owner,    ///< run code in it; only the service's own user and root, whatever the rules are
};

/// "none", "read", "operate", "admin", "owner"
[[nodiscard]] std::string_view to_string(ControlRole role) noexcept;

}  // namespace servicekit

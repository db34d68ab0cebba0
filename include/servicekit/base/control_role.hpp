#pragma once

#include <string_view>

namespace servicekit {

/// What somebody may ask of a running service; each role may do what those before it may. docs/protocol.md lists the
/// role that each event needs.
enum class ControlRole {
    none,     ///< nothing, though the socket let him in
    read,     ///< see how it is: `status`, `events`
    operate,  ///< have it work: `reload`, `log-reopen`, the service's own events
    admin,    ///< end it: `stop`, `kill`
    owner,    ///< have it run code: the service's own user and root, and nobody else whatever the rules say
};

/// "none", "read", "operate", "admin", "owner"
[[nodiscard]] std::string_view to_string(ControlRole role) noexcept;

}  // namespace servicekit

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace servicekit {

/// The peers that a rule applies to.
struct PeerRule {
    enum class Kind {
        user,          ///< `user:NAME`
        group,         ///< `group:NAME`
        socket_group,  ///< `socket-group`: the members of the group that the socket belongs to
        everyone,      ///< `everyone` who can connect to the socket
    };
    Kind kind = Kind::everyone;
    std::string name = {};  ///< name or number of the user or group
};

/// \returns nothing if the text is not a rule
[[nodiscard]] std::optional<PeerRule> parse_peer_rule(std::string_view text);

/// Returns the forms that parse_peer_rule() accepts, for messages.
[[nodiscard]] std::string_view peer_rule_words() noexcept;

}  // namespace servicekit

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace servicekit {

/// Whom a rule about peers means.
struct PeerRule {
    enum class Kind {
        user,          ///< `user:NAME`
        group,         ///< `group:NAME`
        socket_group,  ///< `socket-group`: the members of the group that the socket belongs to
        everyone,      ///< `everyone` whom the socket lets in
    };
    Kind kind = Kind::everyone;
    std::string name = {};  ///< of a user or group, or its number
};

/// \returns nothing where the text is no rule.
[[nodiscard]] std::optional<PeerRule> parse_peer_rule(std::string_view text);

/// What parse_peer_rule() takes, for messages.
[[nodiscard]] std::string_view peer_rule_words() noexcept;

}  // namespace servicekit

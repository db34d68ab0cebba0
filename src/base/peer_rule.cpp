#include "base/peer_rule.hpp"

namespace servicekit {

std::optional<PeerRule> parse_peer_rule(std::string_view text) {
    using Kind = PeerRule::Kind;
    if (text == "everyone") return PeerRule{.kind = Kind::everyone};
    if (text == "socket-group") return PeerRule{.kind = Kind::socket_group};
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || text.find('\0') != std::string_view::npos) return std::nullopt;
    const std::string_view kind = text.substr(0, colon);
    const std::string_view name = text.substr(colon + 1);
    if (name.empty() || (kind != "user" && kind != "group")) return std::nullopt;
    return PeerRule{.kind = kind == "user" ? Kind::user : Kind::group, .name = std::string{name}};
}

std::string_view peer_rule_words() noexcept { return "'user:NAME', 'group:NAME', 'socket-group' or 'everyone'"; }

}  // namespace servicekit

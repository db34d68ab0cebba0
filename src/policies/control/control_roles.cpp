#include "policies/control/control_roles.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace servicekit::policies {
namespace {

bool is_in_group(const Peer& peer, gid_t group) noexcept {
    if (group == no_id) return false;
    return peer.gid == group || std::find(peer.groups.begin(), peer.groups.end(), group) != peer.groups.end();
}

Error refuse(const std::string& rule, std::string reason) {
    return {ExitCode::configuration, "use the rule", rule, std::move(reason)};
}

/// Returns the id of the user or group that the rule names.
Result<id_t> number_of(const PeerRule& rule, const std::string& text, os::Users& users) {
    if (rule.kind == PeerRule::Kind::user) {
        const auto user = users.find_user(rule.name);
        if (!user) return user.error();
        if (!*user) return refuse(text, "there is no user '" + rule.name + "'");
        return (*user)->uid;
    }
    const auto group = users.find_group(rule.name);
    if (!group) return group.error();
    if (!*group) return refuse(text, "there is no group '" + rule.name + "'");
    return **group;
}

}  // namespace

Result<ControlRoles> ControlRoles::look_up(const UnixSocketControl::Options& options, os::Users& users) {
    const std::array lists{std::pair{ControlRole::admin, &options.admin},
                           std::pair{ControlRole::operate, &options.operate},
                           std::pair{ControlRole::read, &options.read}};
    ControlRoles roles;
    for (const auto& [role, texts] : lists) {
        for (const std::string& text : *texts) {
            const auto rule = parse_peer_rule(text);
            if (!rule) return refuse(text, "expected " + std::string{peer_rule_words()});
            id_t id = no_id;
            if (rule->kind == PeerRule::Kind::user || rule->kind == PeerRule::Kind::group) {
                const auto found = number_of(*rule, text, users);
                if (!found) return found.error();
                id = *found;
            }
            roles.rules_.push_back({.role = role, .kind = rule->kind, .id = id});
        }
    }
    return roles;
}

ControlRole ControlRoles::role_of(const Peer& peer) const noexcept {
    const bool is_known = peer.uid != no_id;
    // These users can control the process by ptrace(2) anyway; the owner of the socket's file cannot.
    if (is_known && (peer.uid == 0 || peer.uid == belonging_.service)) return ControlRole::owner;
    if (is_known && peer.uid == belonging_.owner) return ControlRole::admin;
    for (const Rule& rule : rules_)
        if (means(rule, peer)) return rule.role;
    return ControlRole::none;
}

bool ControlRoles::groups_may_operate() const noexcept {
    return std::any_of(rules_.begin(), rules_.end(), [](const Rule& rule) {
        const bool is_for_groups = rule.kind == PeerRule::Kind::group || rule.kind == PeerRule::Kind::socket_group;
        return is_for_groups && rule.role >= ControlRole::operate;
    });
}

bool ControlRoles::means(const Rule& rule, const Peer& peer) const noexcept {
    switch (rule.kind) {
        case PeerRule::Kind::user:
            return rule.id != no_id && peer.uid == rule.id;
        case PeerRule::Kind::group:
            return is_in_group(peer, rule.id);
        case PeerRule::Kind::socket_group:
            return is_in_group(peer, belonging_.group);
        case PeerRule::Kind::everyone:
            break;
    }
    return true;
}

}  // namespace servicekit::policies

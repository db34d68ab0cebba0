#include "policies/control/control_quota.hpp"

#include <algorithm>

namespace servicekit::policies {
namespace {

constexpr std::size_t less(std::size_t all, std::size_t part) { return all - std::min(all, part); }

}  // namespace

ControlQuota::ControlQuota(const UnixSocketControl::Options& options, uid_t owner)
    : owner_{owner},
      max_connections_{options.max_connections},
      max_stranger_connections_{less(options.max_connections, options.reserved_for_owner)},
      max_connections_per_stranger_{options.max_connections_per_user},
      max_bytes_{options.max_buffered_bytes},
      max_stranger_bytes_{less(options.max_buffered_bytes, options.max_request_bytes)},
      max_bytes_per_stranger_{options.max_buffered_bytes / 4},
      max_replies_{options.max_buffered_replies},
      max_stranger_replies_{less(options.max_buffered_replies, options.max_reply_backlog)},
      max_replies_per_stranger_{options.max_buffered_replies / 4},
      reserved_descriptors_{options.reserved_descriptors} {}

std::optional<std::size_t> ControlQuota::admit(uid_t user) {
    const std::size_t limit = is_operator(user) ? max_connections_ : max_stranger_connections_;
    if (all_.connections >= limit) return limit;
    if (!is_operator(user)) {
        const auto found = by_user_.find(user);
        if ((found != by_user_.end() ? found->second.connections : 0) >= max_connections_per_stranger_)
            return max_connections_per_stranger_;
    }
    ++by_user_[user].connections;
    ++all_.connections;
    return std::nullopt;
}

void ControlQuota::release(uid_t user) {
    const auto found = by_user_.find(user);
    --all_.connections;
    if (--found->second.connections == 0) by_user_.erase(found);
}

bool ControlQuota::resize(uid_t user, std::size_t before, std::size_t now) {
    Share& share = by_user_.find(user)->second;
    share.bytes = share.bytes - before + now;
    all_.bytes = all_.bytes - before + now;
    if (is_operator(user)) return all_.bytes <= max_bytes_;
    return all_.bytes <= max_stranger_bytes_ && share.bytes <= max_bytes_per_stranger_;
}

[[gnu::hot]] void ControlQuota::resize_replies(uid_t user, std::size_t before, std::size_t now) {
    Share& share = by_user_.find(user)->second;
    share.replies = share.replies - before + now;
    all_.replies = all_.replies - before + now;
}

[[gnu::hot]] bool ControlQuota::has_room_for_replies(uid_t user) const {
    if (all_.replies == 0) return true;
    const auto found = by_user_.find(user);
    const std::size_t own = found != by_user_.end() ? found->second.replies : 0;
    if (own == 0) return true;
    if (is_operator(user)) return all_.replies < max_replies_;
    return all_.replies < max_stranger_replies_ && own < max_replies_per_stranger_;
}

std::size_t ControlQuota::descriptors_for(uid_t user, std::size_t limit) const {
    constexpr std::size_t part_of_operators = 8;
    const std::size_t reserved = std::min(reserved_descriptors_, limit / 4);
    return limit - (is_operator(user) ? reserved / part_of_operators : reserved);
}

}  // namespace servicekit::policies

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
      max_bytes_per_stranger_{options.max_buffered_bytes / 4} {}

bool ControlQuota::admit(uid_t user) {
    if (all_.connections >= (is_operator(user) ? max_connections_ : max_stranger_connections_)) return false;
    Share& share = by_user_[user];
    if (!is_operator(user) && share.connections >= max_connections_per_stranger_) {
        if (share.connections == 0) by_user_.erase(user);
        return false;
    }
    ++share.connections;
    ++all_.connections;
    return true;
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

}  // namespace servicekit::policies

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <unordered_map>

#include "servicekit/policies/control/unix_socket_control.hpp"

namespace servicekit::policies {

/// Shares connections, descriptors and buffered bytes out among the users, so that none takes what another needs.
/// For the loop's thread only.
class ControlQuota {
public:
    /// \param owner with root, the user who may have everything
    ControlQuota(const UnixSocketControl::Options& options, uid_t owner);

    void set_owner(uid_t owner) noexcept { owner_ = owner; }

    /// Counts one connection more, where the user may have it.
    /// \returns else the limit that stands in the way
    [[nodiscard]] std::optional<std::size_t> admit(uid_t user);
    void release(uid_t user);

    /// Counts `now` buffered bytes of a connection in place of `before`.
    /// \returns whether that is within the user's share. It is counted either way.
    bool resize(uid_t user, std::size_t before, std::size_t now);
    /// Counts `now` unread bytes of replies of a connection in place of `before`.
    void resize_replies(uid_t user, std::size_t before, std::size_t now);
    /// Whether another request of the user may be served, which adds to them.
    [[nodiscard]] bool has_room_for_replies(uid_t user) const;

    /// owner and root
    [[nodiscard]] bool is_operator(uid_t user) const noexcept { return user == 0 || user == owner_; }
    /// The descriptors from which on no connection of the user is taken.
    /// \param limit of the process: the kernel gives it the lowest that is free, and none from there on
    [[nodiscard]] std::size_t descriptors_for(uid_t user, std::size_t limit) const;

private:
    struct Share {
        std::size_t connections = 0;
        std::size_t bytes = 0;    ///< of requests
        std::size_t replies = 0;  ///< bytes of replies
    };

    uid_t owner_;
    std::size_t max_connections_;
    std::size_t max_stranger_connections_;
    std::size_t max_connections_per_stranger_;
    std::size_t max_bytes_;
    std::size_t max_stranger_bytes_;
    std::size_t max_bytes_per_stranger_;
    std::size_t max_replies_;
    std::size_t max_stranger_replies_;
    std::size_t max_replies_per_stranger_;
    std::size_t reserved_descriptors_;

    Share all_;
    std::unordered_map<uid_t, Share> by_user_;
};

}  // namespace servicekit::policies

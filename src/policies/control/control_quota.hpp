#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <unordered_map>

#include "servicekit/policies/control/unix_socket_control.hpp"

namespace servicekit::policies {

/// Divides connections, descriptors and buffered bytes among the users, so that none takes what another needs. The
/// owner and root are operators; all other users are strangers. For the loop's thread only.
class ControlQuota {
public:
    /// \param owner the user who, like root, may use everything
    ControlQuota(const UnixSocketControl::Options& options, uid_t owner);

    void set_owner(uid_t owner) noexcept { owner_ = owner; }

    /// Counts another connection if the user may have it.
    /// \returns the limit that prevents it, or nothing
    [[nodiscard]] std::optional<std::size_t> admit(uid_t user);
    void release(uid_t user);

    /// Counts `now` buffered bytes of a connection instead of `before`.
    /// \returns true if that is within the user's share. It is counted either way.
    bool resize(uid_t user, std::size_t before, std::size_t now);
    /// Counts `now` unread bytes of replies of a connection instead of `before`.
    void resize_replies(uid_t user, std::size_t before, std::size_t now);
    /// Returns true if another request of the user may be served, which adds replies.
    [[nodiscard]] bool has_room_for_replies(uid_t user) const;

    /// Returns true for the owner and root.
    [[nodiscard]] bool is_operator(uid_t user) const noexcept { return user == 0 || user == owner_; }
    /// Returns the number from which descriptors are refused to the user's connections.
    /// \param limit of the process: the kernel assigns the lowest free number, always below this limit
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

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

struct User {
    std::string name;  ///< empty for a number that the database does not have
    uid_t uid = 0;
    gid_t gid = 0;  ///< the login group; gid_t(-1) for a number that the database does not have, and so no group
    std::string home = {};
};

/// The user database, and becoming one of its users for good.
class Users {
public:
    virtual ~Users() = default;
    /// By name, or by number in decimal, which is a user even if the database does not have it.
    /// \returns nothing where there is no such user.
    virtual Result<std::optional<User>> find_user(const std::string& name_or_uid) = 0;
    /// As find_user().
    virtual Result<std::optional<gid_t>> find_group(const std::string& name_or_gid) = 0;
    /// Whether the number stands for one user. False for the number by which a user namespace shows all users that it
    /// does not have; the caller may be one of them.
    [[nodiscard]] virtual bool is_one_user(uid_t uid) const = 0;
    /// Sets supplementary groups, group and user, all three of the real, effective and saved ids,
    /// and then proves that root can't be had back. Does nothing where the process is that user and group already,
    /// unless that is root. \returns an error without trying where `group` is gid_t(-1).
    /// \pre one thread. On an error the process may be half changed and must end.
    virtual Result<void> become(const User& user, gid_t group) = 0;
};

[[nodiscard]] Users& posix_users();

}  // namespace servicekit::os

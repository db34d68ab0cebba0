#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

struct User {
    std::string name;  ///< empty for a number that the database does not have
    uid_t uid = 0;
    gid_t gid = 0;  ///< the login group; gid_t(-1) for a number that the database does not have, and so no group
    std::string home = {};
    std::string shell = {};
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
    /// Announces whom become() makes of this process. Until then, a file that is opened by its name is opened with the
    /// rights of that user if anybody but root can change the path; see Files. Does nothing unless the process is root.
    virtual void prepare(const User& user, gid_t group) = 0;
    /// Sets supplementary groups, group and user, all three of the real, effective and saved ids, gives up all
    /// capabilities unless the user is root, and then proves that root can't be had back.
    /// A process that is that user and group already leaves all groups except those that the database gives the user
    /// and `may_keep`. \returns an error of ExitCode::permission if it may not leave them, an error without trying if
    /// `group` is gid_t(-1).
    /// \pre one thread. After an error the process may be half changed and must end.
    virtual Result<void> become(const User& user, gid_t group, std::span<const gid_t> may_keep = {}) = 0;
};

[[nodiscard]] Users& posix_users();

}  // namespace servicekit::os

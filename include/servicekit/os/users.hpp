#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// A user of the database, or one that is only a number.
struct User {
    std::string name;        ///< empty for a number that is not in the database
    uid_t uid = 0;           ///< the number
    gid_t gid = 0;           ///< the login group; gid_t(-1) for a number that is not in the database
    std::string home = {};   ///< the home directory; empty if unknown
    std::string shell = {};  ///< the login shell; empty if unknown
};

/// The user database, and changing the process to one of its users permanently.
class Users {
public:
    virtual ~Users() = default;
    /// Looks up a user by name, or by a decimal number, which is a user even if the database does not have it.
    /// \returns nothing if there is no such user
    virtual Result<std::optional<User>> find_user(const std::string& name_or_uid) = 0;
    /// Looks up a group, as find_user() does for users.
    virtual Result<std::optional<gid_t>> find_group(const std::string& name_or_gid) = 0;
    /// \returns true if the number stands for one user; false for the number that a user namespace shows for all users
    ///          that it does not map. The caller may be one of those.
    [[nodiscard]] virtual bool is_one_user(uid_t uid) const = 0;
    /// Announces the user that become() will change to. Until then, a file is opened with the rights of that user if
    /// users other than root can change its path; see Files. Does nothing unless the process is root.
    virtual void prepare(const User& user, gid_t group) = 0;
    /// Sets the supplementary groups, the group and the user (the real, effective and saved ids), gives up all
    /// capabilities unless the user is root, and then verifies that root cannot be regained.
    /// A process that already has that user and group leaves all groups except those that the database gives the user
    /// and `may_keep`.
    /// \returns an error of ExitCode::permission if it may not leave them; an error without any change if `group` is
    ///          gid_t(-1)
    /// \pre the process has one thread. After an error the process may be changed in part and must end.
    virtual Result<void> become(const User& user, gid_t group, std::span<const gid_t> may_keep = {}) = 0;
};

/// Returns the real implementation.
[[nodiscard]] Users& posix_users();

}  // namespace servicekit::os

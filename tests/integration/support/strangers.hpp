#pragma once

#include <sys/types.h>

#include <vector>

#include "integration/support/command.hpp"

namespace servicekit::test {

/// A user who has nothing to do with a service of the test's user.
inline constexpr uid_t stranger = 65534;

/// A user, by numbers that the user database need not contain. The default is root.
struct Identity {
    uid_t user = 0;
    gid_t group = 0;
    std::vector<gid_t> groups = {};  ///< supplementary ones
};

/// Returns true for root, the only user that can become another one.
[[nodiscard]] bool is_root();
/// Returns the command as that user would run it.
[[nodiscard]] Command as_user(const Identity& who, Command command);
/// Returns the command as the stranger would run it.
[[nodiscard]] Command as_stranger(Command command);
/// Gives this process the user's id, and only the group of the same number.
/// \throws std::system_error if that is not permitted
void become(uid_t user);

}  // namespace servicekit::test

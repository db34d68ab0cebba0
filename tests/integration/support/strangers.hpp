#pragma once

#include <sys/types.h>

#include <vector>

#include "integration/support/command.hpp"

namespace servicekit::test {

/// A user who has nothing to do with a service that the user of the tests runs.
inline constexpr uid_t stranger = 65534;

/// Somebody, by numbers that the user database need not have; root unless said.
struct Identity {
    uid_t user = 0;
    gid_t group = 0;
    std::vector<gid_t> groups = {};  ///< supplementary ones
};

/// Only root can be somebody else.
[[nodiscard]] bool is_root();
/// The command as that user would give it.
[[nodiscard]] Command as_user(const Identity& who, Command command);
/// The command as the stranger would give it.
[[nodiscard]] Command as_stranger(Command command);
/// Makes this process the user's, with no group but that of the same number.
/// \throws std::system_error where it may not
void become(uid_t user);

}  // namespace servicekit::test

#pragma once

#include <sys/types.h>

#include "integration/support/command.hpp"

namespace servicekit::test {

/// A user who has nothing to do with a service that the user of the tests runs.
inline constexpr uid_t stranger = 65534;

/// Only root can be somebody else.
[[nodiscard]] bool is_root();
/// The command as the stranger would give it.
[[nodiscard]] Command as_stranger(Command command);
/// Makes this process the user's, with no group but that of the same number.
/// \throws std::system_error where it may not
void become(uid_t user);

}  // namespace servicekit::test

#pragma once

#include <sys/types.h>

namespace servicekit::os {

/// The kernel shows every user that has no number in this process's user namespace under one overflow number,
/// user_namespaces(7). \returns uid_t(-1), which is nobody, for that number if unmapped users can exist; else `uid`
[[nodiscard]] uid_t certain_user(uid_t uid);
/// The same for groups.
[[nodiscard]] gid_t certain_group(gid_t gid);

}  // namespace servicekit::os

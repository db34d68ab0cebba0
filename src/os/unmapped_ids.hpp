#pragma once

#include <sys/types.h>

namespace servicekit::os {

/// The kernel shows one and the same number in place of every user that has none in the user namespace of this process,
/// user_namespaces(7). \returns uid_t(-1), which is nobody, for that number where there can be such users; else `uid`
[[nodiscard]] uid_t certain_user(uid_t uid);
/// The same of groups.
[[nodiscard]] gid_t certain_group(gid_t gid);

}  // namespace servicekit::os

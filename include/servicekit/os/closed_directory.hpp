#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::os {

/// Checks that only root and `users` can change what is in a directory, or where its path leads. Each directory on the
/// way, including those behind symbolic links, must belong to one of them, and nobody else may have write permission. A
/// sticky directory on the way may be writable for all if the next step belongs to one of them.
/// \param path absolute
/// \returns false if another user can change it, or if the directory does not exist
[[nodiscard]] Result<bool> is_closed_directory(Files& files, const std::string& path, const std::vector<uid_t>& users);

}  // namespace servicekit::os

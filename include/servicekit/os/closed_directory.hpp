#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::os {

/// Whether nobody but root and `users` can change what is in a directory, or what its path leads to: each directory on
/// the way, through symbolic links too, belongs to one of them, and nobody else may write there. A sticky directory on
/// the way may be open to all if the next step belongs to one of them.
/// \param path absolute
/// \returns false for a directory that does not exist
[[nodiscard]] Result<bool> is_closed_directory(Files& files, const std::string& path, const std::vector<uid_t>& users);

}  // namespace servicekit::os

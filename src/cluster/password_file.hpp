#pragma once

#include <sys/types.h>

#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/os/interfaces.hpp"

namespace servicekit::cluster {

/// Reads the first line of a file. \param user the effective user of the process
/// \returns an error of ExitCode::permission if everyone can read the file, or if it belongs neither to root nor to the
///          user; of ExitCode::configuration if it is not a regular file, if it cannot be read, or if its first line is
///          empty. No error contains the password.
[[nodiscard]] Result<std::string> read_password(os::Files& files, const std::string& path, uid_t user);

}  // namespace servicekit::cluster

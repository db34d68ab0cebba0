#pragma once

#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl::web {

/// Reads a token from a file that only this process's user can read: a regular file of this user or root, with no
/// permissions for others. The token is its only line, of 16 to 512 bytes without spaces.
/// \returns ExitCode::configuration, with what to do
[[nodiscard]] Result<std::string> read_token(const std::string& path, const os::Host& host);

}  // namespace servicekit::servicectl::web

#pragma once

#include <string>

#include "cli/console.hpp"
#include "cli/tools.hpp"

namespace servicekit::servicectl {

/// Waits until no process holds the lock of a file. Never takes it.
/// \param test only report whether it is held
/// \returns the exit code: 0 it is free, 1 it is held (`test`), 75 the wait was interrupted
int wait_for_file(const std::string& path, bool test, cli::Console& console, const cli::Tools& tools);

}  // namespace servicekit::servicectl

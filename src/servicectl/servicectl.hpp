#pragma once

#include <string>
#include <vector>

#include "cli/tools.hpp"
#include "os/files/directories.hpp"

namespace servicekit::servicectl {

/// Executes a command line of servicectl.
/// \param arguments the program name comes first
/// \returns the exit code for main()
int run_servicectl(const std::vector<std::string>& arguments, const cli::Tools& tools = {},
                   os::Directories& directories = os::posix_directories());

}  // namespace servicekit::servicectl

#pragma once

#include <string>
#include <vector>

#include "servicectl/tools.hpp"

namespace servicekit::servicectl {

/// Executes a command line of servicectl.
/// \param arguments the program name comes first
/// \returns the exit code for main()
int run_servicectl(const std::vector<std::string>& arguments, const Tools& tools = {});

}  // namespace servicekit::servicectl

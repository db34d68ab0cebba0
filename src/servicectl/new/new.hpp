#pragma once

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "os/files/directories.hpp"

namespace servicekit::servicectl {

/// Writes the project of a new service, and prints its files and the next commands.
/// \param targets the name of the service; after it the directory, if it is not ./NAME
/// \returns the exit code
int make_project(const std::vector<std::string>& targets, cli::Console& console, os::Directories& directories);

/// Returns the help of `servicectl new`, without the options of all verbs.
[[nodiscard]] std::string help_of_new();

}  // namespace servicekit::servicectl

#pragma once

#include <string>
#include <vector>

#include "os/files/directories.hpp"
#include "servicectl/new/project_template.hpp"
#include "servicekit/base/result.hpp"

namespace servicekit::servicectl {

/// Makes a directory with these files. The directory may exist if it is empty. If one of them cannot be made, removes
/// what it has made; if it cannot remove something, the error says what is left.
[[nodiscard]] Result<void> write_project(const std::string& directory, const std::vector<ProjectFile>& files,
                                         os::Directories& directories);

}  // namespace servicekit::servicectl

#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

namespace bench {

/// Returns the path of a program in PATH, or where Debian keeps programs that only root has in PATH; empty if none is
/// there.
inline std::string find_program(const std::string& name) {
    const char* const path = std::getenv("PATH");
    std::istringstream directories{std::string{path != nullptr ? path : ""} + ":/usr/local/sbin:/usr/sbin:/sbin"};
    for (std::string directory; std::getline(directories, directory, ':');) {
        const std::filesystem::path file = std::filesystem::path{directory} / name;
        std::error_code unused;
        if (std::filesystem::is_regular_file(file, unused) && access(file.c_str(), X_OK) == 0) return file;
    }
    return {};
}

/// Returns the directory of this program, which also has the programs that it measures.
inline std::filesystem::path program_directory() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace bench

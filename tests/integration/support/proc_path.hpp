#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace servicekit::test {

/// Returns the path of an entry of /proc for a process.
inline std::string proc(pid_t pid, const std::string& name) { return "/proc/" + std::to_string(pid) + "/" + name; }

/// Returns true if the process has the file open, by this path.
inline bool has_open(pid_t pid, const std::string& path) {
    std::error_code is_over;
    for (const auto& entry : std::filesystem::directory_iterator{proc(pid, "fd"), is_over})
        if (std::filesystem::read_symlink(entry.path(), is_over) == path) return true;
    return false;
}

}  // namespace servicekit::test

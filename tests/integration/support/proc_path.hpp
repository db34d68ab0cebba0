#pragma once

#include <sys/types.h>

#include <string>

namespace servicekit::test {

/// Returns the path of an entry of /proc for a process.
inline std::string proc(pid_t pid, const std::string& name) { return "/proc/" + std::to_string(pid) + "/" + name; }

}  // namespace servicekit::test

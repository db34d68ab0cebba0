#pragma once

#include <sys/types.h>

#include <string>

namespace servicekit::test {

/// What /proc has of a process.
inline std::string proc(pid_t pid, const std::string& name) { return "/proc/" + std::to_string(pid) + "/" + name; }

}  // namespace servicekit::test

#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/os/files.hpp"

namespace servicekit::cli {

/// An old file of a log, beside it.
struct RotatedLog {
    std::string path;         ///< as it is called while it is not compressed
    std::string compression;  ///< the end of its name that tells how it is compressed: "", ".gz", ".xz"...
    std::chrono::system_clock::time_point modified;
};

/// Those that the service has rotated by itself, sorted by name.
/// \param names what is in the log's directory \returns paths, as they are called while they are not compressed; each once
[[nodiscard]] std::vector<std::string> logs_rotated_by_service(const std::string& log_path,
                                                               const std::vector<std::string>& names);

/// The same and those of logrotate(8), `x.log.1` and `x.log-20261122`, the oldest first. What has a time after `now`
/// counts as older than the rest, as AgeOrder has it.
[[nodiscard]] std::vector<RotatedLog> rotated_logs(os::Files& files, const std::string& log_path,
                                                   const std::vector<std::string>& names,
                                                   std::chrono::system_clock::time_point now);

}  // namespace servicekit::cli

#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "servicekit/os/files.hpp"

namespace servicekit::cli {

/// A rotated file of a log, in the same directory.
struct RotatedLog {
    std::string path;         ///< its uncompressed name
    std::string compression;  ///< suffix of the compression: "", ".gz", ".xz"...
    std::chrono::system_clock::time_point modified;
};

/// Returns the files that the service itself has rotated, sorted by name.
/// \param names of the files in the log's directory
/// \returns uncompressed paths, each once
[[nodiscard]] std::vector<std::string> logs_rotated_by_service(const std::string& log_path,
                                                               const std::vector<std::string>& names);

/// Returns these and those of logrotate(8), `x.log.1` and `x.log-20261122`, the oldest first. Files with a time after
/// `now` count as older than the rest, as in AgeOrder.
[[nodiscard]] std::vector<RotatedLog> rotated_logs(os::Files& files, const std::string& log_path,
                                                   const std::vector<std::string>& names,
                                                   std::chrono::system_clock::time_point now);

}  // namespace servicekit::cli

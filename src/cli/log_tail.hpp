#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::cli {

/// The end of a log file, and what comes after it, also when the file is moved away and made anew, or truncated.
class LogTail {
public:
    /// Begins at the last `lines` lines.
    static Result<LogTail> open(os::Files& files, const std::string& path, std::size_t lines);

    /// \returns the next piece; empty where there is no more yet.
    Result<std::string> next();
    /// Goes on with the file that stands at the path now, where that is another one, or with a truncated one from its
    /// start. \pre next() has just returned nothing
    Result<void> follow();

private:
    LogTail(os::Files& files, std::string path, std::unique_ptr<os::File> file, std::uint64_t offset)
        : files_{&files}, path_{std::move(path)}, file_{std::move(file)}, offset_{offset} {}

    os::Files* files_;
    std::string path_;
    std::unique_ptr<os::File> file_;
    std::uint64_t offset_;
};

}  // namespace servicekit::cli

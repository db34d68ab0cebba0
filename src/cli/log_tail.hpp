#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/os/files.hpp"

namespace servicekit::cli {

/// The end of a log, and what comes after it, also when its file is put away and made anew, moved, or truncated.
class LogTail {
public:
    /// Begins at the last `lines` lines of the file.
    static Result<LogTail> open(os::Files& files, const std::string& path, std::size_t lines);
    /// Begins at the first line that is not older than `since`, be it in the file or in an old one beside it that is not
    /// compressed. \param since as log_since() gives it
    static Result<LogTail> open_since(os::Files& files, const std::string& path, std::string_view since);

    /// \returns the next piece; empty where there is no more yet.
    Result<std::string> next();
    /// Goes on with the file that was begun after this one, where there is one, or with a truncated one from its start.
    /// \pre next() has just returned nothing. \returns whether it went on
    Result<bool> follow();

private:
    LogTail(os::Files& files, std::string path, std::unique_ptr<os::File> file, std::uint64_t offset)
        : files_{&files}, path_{std::move(path)}, file_{std::move(file)}, offset_{offset} {}

    os::Files* files_;
    std::string path_;
    std::unique_ptr<os::File> file_;
    std::uint64_t offset_;
};

/// What the time of a line must not be less than, as the beginning of its text: understands times in UTC or their
/// beginnings, `2026-11-22T06:10:00Z`, `2026-11-22`, and times before `now`: `90s`, `10m`, `2h`, `3d`.
/// \returns nothing for any other text
[[nodiscard]] std::optional<std::string> log_since(std::string_view text, std::chrono::system_clock::time_point now);

}  // namespace servicekit::cli

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/log/file/gzip_stream.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::policies {

/// The rotated files of a log, beside it and named for when they were rotated: `x.log-20261122T061000.123456Z`, `.gz` behind
/// it where they are compressed. Other names are left alone. By one thread at a time; two of the same log may be asked
/// for a free path, and one of them for the rest.
class LogArchive {
public:
    struct Options {
        std::uint64_t keep_files = 0;  ///< 0: all
        std::uint64_t keep_bytes = 0;  ///< 0: all
        bool compress = false;
        mode_t permissions = 0640;
        std::optional<gid_t> group = {};
    };
    /// What was done of the work, or that there is no more.
    enum class Step { more, done };

    LogArchive(os::Files& files, const os::Clock& clock, std::string log_path, Options options);
    LogArchive(const LogArchive&) = delete;
    LogArchive& operator=(const LogArchive&) = delete;
    /// Removes what a compression has left half done.
    ~LogArchive();

    /// Where a log goes that is rotated now.
    [[nodiscard]] Result<std::string> free_path() const;

    /// Does a piece of the work that is due, a few milliseconds of it where the disk does not keep it waiting: compresses,
    /// then removes the oldest that are too many, also where some could not be compressed. \returns at the end of it all
    /// the first error that there was
    Result<Step> step();
    /// Looks for work anew. Files that could not be compressed are tried again.
    void look_again();
    /// What is half done stays as it is, for whoever comes next.
    void leave() noexcept;

private:
    struct Job;
    struct RotatedFile {
        std::string path;
        bool compressed = false;
        std::uint64_t bytes = 0;
    };

    /// All that there are, as AgeOrder has them.
    [[nodiscard]] Result<std::vector<RotatedFile>> rotated_files() const;
    [[nodiscard]] bool is_rotated_name(std::string_view name) const;
    Result<void> begin(const std::string& path);
    Result<void> go_on();
    Result<void> compress_piece();
    /// Keeps the error for the end.
    Step note(const Result<void>& done);
    Result<Step> remove_too_many();

    os::Files* files_;
    const os::Clock* clock_;
    std::string path_;
    std::string directory_;
    std::string name_;
    Options options_;
    std::unique_ptr<Job> job_;
    std::vector<std::string> given_up_;  ///< those that are compressed, or could not be
    std::optional<Error> failure_;
};

}  // namespace servicekit::policies

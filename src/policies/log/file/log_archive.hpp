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

/// The rotated files of a log. They are in the log's directory and named after the time of their rotation:
/// `x.log-20261122T061000.123456Z`, followed by `.gz` if they are compressed. Other names are left alone. For one
/// thread at a time. Two archives of the same log may both be asked for a free path, but only one of them may do the
/// work.
class LogArchive {
public:
    struct Options {
        std::uint64_t keep_files = 0;  ///< 0 keeps all
        std::uint64_t keep_bytes = 0;  ///< 0: no limit
        bool compress = false;
        mode_t permissions = 0640;
        std::optional<gid_t> group = {};
    };
    /// The result of a step: more work remains, or all is done.
    enum class Step { more, done };

    LogArchive(os::Files& files, const os::Clock& clock, std::string log_path, Options options);
    LogArchive(const LogArchive&) = delete;
    LogArchive& operator=(const LogArchive&) = delete;
    /// Removes a half-written compressed file.
    ~LogArchive();

    /// Returns the path for a log that is rotated now.
    [[nodiscard]] Result<std::string> free_path() const;

    /// Does a piece of the work that is due, a few milliseconds of it unless the disk is slow: compresses files, then
    /// removes the oldest if there are too many, even if some could not be compressed.
    /// \returns the first error that occurred, once all is done
    Result<Step> step();
    /// Looks for work again. Files that could not be compressed are retried.
    void look_again();
    /// Leaves a half-written compressed file for a later process.
    void leave() noexcept;

private:
    struct Job;
    struct RotatedFile {
        std::string path;
        bool compressed = false;
        std::uint64_t bytes = 0;
    };

    /// Returns all of them, in the order of AgeOrder.
    [[nodiscard]] Result<std::vector<RotatedFile>> rotated_files() const;
    [[nodiscard]] bool is_rotated_name(std::string_view name) const;
    Result<void> begin(const std::string& path);
    Result<void> go_on();
    Result<void> compress_piece();
    /// Keeps the error until all is done.
    Step note(const Result<void>& done);
    Result<Step> remove_too_many();

    os::Files* files_;
    const os::Clock* clock_;
    std::string path_;
    std::string directory_;
    std::string name_;
    Options options_;
    std::unique_ptr<Job> job_;
    std::vector<std::string> given_up_;  ///< files that are compressed or could not be
    std::optional<Error> failure_;
};

}  // namespace servicekit::policies

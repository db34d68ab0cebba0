#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policies/log/file/log_archive.hpp"
#include "policies/log/line_buffer.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// The file that a log writes its lines to. It is rotated when it is large or old enough.
///
/// Only a regular file under its own name is rotated. Devices, FIFOs and targets of symbolic links only take lines. So
/// does a descriptor of the process that the path names, such as /dev/stdout; it is never reopened. A line is never
/// split over two files, nor cut by a rotation. If a killed process left a line unfinished, the line is ended before
/// others are written. A rotation that fails changes nothing and is tried again a while later. A file that someone else
/// has moved is not rotated; its path is opened again, as by reopen(). For one thread at a time.
class RotatingFile final : public LineSink {
public:
    struct Options {
        std::string path = {};
        mode_t permissions = 0640;  ///< of a new file, whatever the umask
        std::optional<gid_t> group = {};
        std::uint64_t rotate_size = 0;         ///< bytes; 0: size does not cause a rotation
        std::chrono::seconds rotate_every{0};  ///< counted from midnight UTC; 0: age does not cause a rotation
    };
    /// Renders a line for the file itself that explains what failed.
    using Tell = std::function<std::string(const Error& error)>;

    RotatingFile(os::Files& files, const os::Clock& clock, const LogArchive& archive, Options options, Tell tell,
                 std::function<void()> on_rotation);

    Result<void> open();
    /// Continues with the file that is at the path now. Changes nothing on an error.
    /// \returns true if it is another file
    Result<bool> reopen();
    Result<void> change_owner(uid_t uid, gid_t gid);
    [[nodiscard]] int descriptor() const { return file_->descriptor(); }
    /// From any thread.
    [[nodiscard]] LogCounts::Rotations rotations() const noexcept {
        return {.done = rotations_done_.load(std::memory_order_relaxed),
                .failed = rotations_failed_.load(std::memory_order_relaxed)};
    }

    os::Writing deliver(std::string_view lines) override;
    void deliver_at_crash(std::string_view lines) noexcept override;

private:
    struct Opened {
        std::unique_ptr<os::File> file;
        std::optional<Error> warning = {};  ///< the operation that the file system refused, although the file is usable
    };
    /// \param group of the file; empty: unchanged
    [[nodiscard]] Result<Opened> open_file(const std::string& path, std::optional<gid_t> group) const;
    /// Writes the warning to the file, once per run of the service.
    void warn_once(const std::optional<Error>& warning);
    void adopt(std::unique_ptr<os::File> file, const os::FileStatus& status);
    /// Writes a warning once if the name is a link. A rotation would rotate the link and not the file.
    void check_name();
    /// Delivers lines if more may have to be done than to write them.
    os::Writing deliver_with_care(std::string_view lines);
    [[nodiscard]] bool is_due(std::string_view lines);
    /// Returns true if the file is old enough. If the clock is set back, the file is due earlier, never later.
    [[nodiscard]] bool is_old_enough();
    /// Returns the lines that fit into this file.
    [[nodiscard]] std::string_view fitting(std::string_view lines) const;
    /// Returns true if a killed process left a line unfinished.
    [[nodiscard]] bool ends_within_line(const os::FileStatus& status) const;
    void note(std::string_view text, const os::Writing& writing);
    std::optional<Error> write_what_comes_before();
    void rotate_if_due(std::string_view lines);
    Result<void> rotate();
    Result<void> put_away(const std::string& fresh);
    [[nodiscard]] std::chrono::system_clock::time_point next_boundary(std::chrono::system_clock::time_point from) const;

    os::Files* files_;
    const os::Clock* clock_;
    const LogArchive* archive_;
    Options options_;
    Tell tell_;
    std::function<void()> on_rotation_;
    std::atomic<std::uint64_t> rotations_done_{0};
    std::atomic<std::uint64_t> rotations_failed_{0};

    std::unique_ptr<os::File> file_;
    std::uint64_t size_ = 0;
    bool rotates_ = false;  ///< this file may be rotated
    /// Lines up to this size of the file need nothing but to be written; 0: any line may need more.
    std::uint64_t plain_until_ = 0;
    bool within_line_ = false;  ///< the last byte written was not a newline
    bool is_torn_ = false;      ///< a newline has to be written first
    std::string word_;          ///< lines about the file itself that have to be written
    bool has_warned_ = false;   ///< about an operation that the file system refused
    std::chrono::system_clock::time_point due_ = std::chrono::system_clock::time_point::max();
    /// When a rotation may be tried again after a failed one.
    std::chrono::steady_clock::time_point not_before_ = std::chrono::steady_clock::time_point::min();
};

}  // namespace servicekit::policies

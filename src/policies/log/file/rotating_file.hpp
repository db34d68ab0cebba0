#pragma once

#include <sys/types.h>

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

namespace servicekit::policies {

/// The file that a log writes its lines into, rotated when it is large or old enough.
///
/// Only a regular file under its own name is rotated: a device, a FIFO and what a symbolic link leads to just take lines.
/// So does a descriptor of the process that the path names, as /dev/stdout, which is never opened again.
/// No line is ever in two files, and no line is cut by a rotation. A line that a process left unfinished when it was
/// killed is ended before others come. A rotation that can't be done leaves all as it was,
/// and is tried again a while later. A file that somebody else has moved is not rotated but left, as by reopen().
/// By one thread at a time.
class RotatingFile final : public LineSink {
public:
    struct Options {
        std::string path = {};
        mode_t permissions = 0640;  ///< of a new file, whatever the umask
        std::optional<gid_t> group = {};
        std::uint64_t rotate_size = 0;         ///< bytes; 0: never for its size
        std::chrono::seconds rotate_every{0};  ///< counted from midnight UTC; 0: never for its age
    };
    /// Renders a line for the file itself: why something about it could not be done.
    using Tell = std::function<std::string(const Error& error)>;

    RotatingFile(os::Files& files, const os::Clock& clock, const LogArchive& archive, Options options, Tell tell,
                 std::function<void()> on_rotation);

    Result<void> open();
    /// Goes on with the file that is at the path now. On an error nothing has changed.
    /// \returns whether it is another one
    Result<bool> reopen();
    Result<void> change_owner(uid_t uid, gid_t gid);
    [[nodiscard]] int descriptor() const { return file_->descriptor(); }

    os::Writing deliver(std::string_view lines) override;
    void deliver_at_crash(std::string_view lines) noexcept override;

private:
    struct Opened {
        std::unique_ptr<os::File> file;
        std::optional<Error> warning = {};  ///< what the file system refused, though the file can be used
    };
    /// \param group of the file; nothing: it stays as it is
    [[nodiscard]] Result<Opened> open_file(const std::string& path, std::optional<gid_t> group) const;
    /// Has it said in the file, once in a life.
    void warn_once(const std::optional<Error>& warning);
    void adopt(std::unique_ptr<os::File> file, const os::FileStatus& status);
    /// Has it said once where the name is a link, which a rotation would rotated in the file's stead.
    void check_name();
    /// Where there may be more to do than to write them.
    os::Writing deliver_with_care(std::string_view lines);
    [[nodiscard]] bool is_due(std::string_view lines);
    /// Whether the file is old enough. A clock that was set back makes the time for it earlier, never later.
    [[nodiscard]] bool is_old_enough();
    /// As much of the lines as fits into this file.
    [[nodiscard]] std::string_view fitting(std::string_view lines) const;
    /// Whether a process that was killed has left a line without its end.
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

    std::unique_ptr<os::File> file_;
    std::uint64_t size_ = 0;
    bool rotates_ = false;  ///< this file may be rotated
    /// The size up to which lines are written with nothing else to be done; 0: there may be something with any of them.
    std::uint64_t plain_until_ = 0;
    bool within_line_ = false;  ///< the last byte written was no newline
    bool is_torn_ = false;      ///< a newline has to come first
    std::string word_;          ///< what is still to be written about the file itself
    bool has_warned_ = false;   ///< of what the file system refuses
    std::chrono::system_clock::time_point due_ = std::chrono::system_clock::time_point::max();
    /// When a rotation may be tried again after one that failed.
    std::chrono::steady_clock::time_point not_before_ = std::chrono::steady_clock::time_point::min();
};

}  // namespace servicekit::policies

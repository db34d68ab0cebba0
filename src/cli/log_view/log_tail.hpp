#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/log_view/log_source.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::cli {

/// The end of a log and the lines that are added to it. Follows the log when it is rotated and created again,
/// compressed with gzip, moved, or truncated. Files that appear and disappear between two looks are reported as a gap
/// if they leave a trace: the followed file is gone, or the directory cannot be listed. Two cases leave no trace: a
/// file that is truncated and then grows beyond the current position, and more than two files that logrotate(8) moves
/// between two looks.
class LogTail {
public:
    /// Reports what cannot be shown, and why.
    using Tell = std::function<void(const std::string& message)>;

    /// Begins at the last `lines` lines of the file.
    static Result<LogTail> open(os::Files& files, const os::Clock& clock, const std::string& path, std::size_t lines,
                                Tell tell);
    /// Begins at the first line that is not older than `since`, in the file or in a rotated one in the same directory.
    /// The rotated file may be compressed with gzip, and may have been rotated by the service or by logrotate(8).
    /// \param since from log_since()
    static Result<LogTail> open_since(os::Files& files, const os::Clock& clock, const std::string& path,
                                      std::string_view since, Tell tell);

    /// \returns the next piece; empty if there is no more yet
    Result<std::string> next();
    /// Opens the files that were begun since the last look, as they may be removed before their turn.
    Result<void> look();
    /// Continues with the file that was begun after this one, if there is one, or with a truncated file at its start.
    /// \pre next() has just returned nothing. \returns true if it continues
    Result<bool> follow();

private:
    /// A file that will be shown later.
    struct Next {
        std::string path = {};  ///< its uncompressed name
        std::optional<LogSource> source = {};
        bool was_looked_for = false;
        std::string_view gap = {};  ///< why lines may be missing before it; empty: none are
    };
    /// The log and the files in its directory.
    struct Sight {
        std::unique_ptr<os::File> live = {};                                  ///< the file at the log's path
        Result<std::vector<std::string>> names = std::vector<std::string>{};  ///< names in the log's directory
        bool is_of_one_time = false;  ///< the log was not rotated while this was collected
    };

    LogTail(os::Files& files, const os::Clock& clock, std::string path, Tell tell)
        : files_{&files}, clock_{&clock}, path_{std::move(path)}, tell_{std::move(tell)} {}

    Result<Sight> see();
    /// Reports this the first time only.
    void tell_unlisted(const Error& error);
    /// \returns the files that were rotated since the last look, the oldest first, or all if none are known; remembers
    /// them
    std::vector<std::string> take_fresh(const std::vector<std::string>& names);
    [[nodiscard]] bool is_at_path(os::File& file) const;
    /// \param last the last file in the queue, which is no longer at the log's path
    void append_after(LogSource& last, Sight now);
    /// Finds the files between the last in the queue and the log. \returns why lines may be missing before the first
    std::string_view find_between(LogSource& last, const std::vector<std::string>& names, std::deque<Next>& between);
    /// Returns the files that logrotate(8) has moved after the last in the queue; nothing if that is not among the
    /// newest.
    std::optional<std::deque<Next>> moved_after(LogSource& last, const std::vector<std::string>& names);
    bool is_put_away_as(LogSource& source, Next& there);
    [[nodiscard]] Next live(std::unique_ptr<os::File> file) const;
    /// Opens the files that are next.
    void hold();
    void open(Next& next);
    /// \returns false if there is none
    bool begin_next();

    os::Files* files_;
    const os::Clock* clock_;
    std::string path_;
    Tell tell_;
    std::optional<LogSource> current_;
    std::deque<Next> ahead_;  ///< the last one was at the log's path at the last look
    /// The files that were rotated before that; nothing if the directory could not be listed yet.
    std::optional<std::vector<std::string>> known_;
    bool unlisted_is_told_ = false;
    bool ends_line_ = true;      ///< about the last result of next()
    bool owes_newline_ = false;  ///< before the first line of a file, because the previous one ended within a line
};

/// Returns the beginning of the earliest time that a line may have. Accepts times in UTC or their beginnings
/// (`2026-11-22T06:10:00Z`, `2026-11-22`) and times before `now` (`90s`, `10m`, `2h`, `3d`).
/// \returns nothing for any other text
[[nodiscard]] std::optional<std::string> log_since(std::string_view text, std::chrono::system_clock::time_point now);

}  // namespace servicekit::cli

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

/// The end of a log, and what comes after it, also when its file is rotated and made anew, compressed with gzip, moved,
/// or truncated. Files that came and went between two looks are told as a gap where they have left a trace: the file that
/// was followed is gone, or the directory can't be listed. A file that was truncated, and has grown beyond where we are, and
/// more than two that logrotate(8) moved between two looks leave none.
class LogTail {
public:
    /// Is told what can't be shown, and why.
    using Tell = std::function<void(const std::string& message)>;

    /// Begins at the last `lines` lines of the file.
    static Result<LogTail> open(os::Files& files, const os::Clock& clock, const std::string& path, std::size_t lines,
                                Tell tell);
    /// Begins at the first line that is not older than `since`, be it in the file or in an old one beside it, which may
    /// be compressed with gzip, and may have been rotated by the service or by logrotate(8).
    /// \param since as log_since() gives it
    static Result<LogTail> open_since(os::Files& files, const os::Clock& clock, const std::string& path,
                                      std::string_view since, Tell tell);

    /// \returns the next piece; empty where there is no more yet.
    Result<std::string> next();
    /// Takes note of the files that were begun meanwhile, and holds them: they may be removed before their turn comes.
    Result<void> look();
    /// Goes on with the file that was begun after this one, where there is one, or with a truncated one from its start.
    /// \pre next() has just returned nothing. \returns whether it went on
    Result<bool> follow();

private:
    /// A file whose turn is still to come.
    struct Next {
        std::string path = {};  ///< as it is called while it is not compressed
        std::optional<LogSource> source = {};
        bool was_looked_for = false;
        std::string_view gap = {};  ///< why lines may be missing before it; empty where none are
    };
    /// The log and what is beside it.
    struct Sight {
        std::unique_ptr<os::File> live = {};                                  ///< the file at the log's path
        Result<std::vector<std::string>> names = std::vector<std::string>{};  ///< what is in the log's directory
        bool is_of_one_time = false;  ///< the log was not rotated while we looked
    };

    LogTail(os::Files& files, const os::Clock& clock, std::string path, Tell tell)
        : files_{&files}, clock_{&clock}, path_{std::move(path)}, tell_{std::move(tell)} {}

    Result<Sight> see();
    /// Tells it where it is the first time.
    void tell_unlisted(const Error& error);
    /// \returns those that were rotated since the last look, the oldest first, or all if none are known from then; takes
    ///          note of them
    std::vector<std::string> take_fresh(const std::vector<std::string>& names);
    [[nodiscard]] bool is_at_path(os::File& file) const;
    /// \param last the last in the row, which is not at the log's path any more
    void append_after(LogSource& last, Sight now);
    /// Those that came between the last in the row and the log. \returns why lines may be missing before the first
    std::string_view find_between(LogSource& last, const std::vector<std::string>& names, std::deque<Next>& between);
    /// Those that logrotate(8) has moved after the last in the row; nothing where that is not among the newest of them.
    std::optional<std::deque<Next>> moved_after(LogSource& last, const std::vector<std::string>& names);
    bool is_put_away_as(LogSource& source, Next& there);
    [[nodiscard]] Next live(std::unique_ptr<os::File> file) const;
    /// Opens those whose turn comes next.
    void hold();
    void open(Next& next);
    /// \returns false where there is none
    bool begin_next();

    os::Files* files_;
    const os::Clock* clock_;
    std::string path_;
    Tell tell_;
    std::optional<LogSource> current_;
    std::deque<Next> ahead_;  ///< the last in the row was at the log's path when we looked
    /// Those that were rotated until then; nothing where the directory could not be listed yet.
    std::optional<std::vector<std::string>> known_;
    bool unlisted_is_told_ = false;
    bool ends_line_ = true;      ///< what next() has returned last
    bool owes_newline_ = false;  ///< before the first line of a file: the one before it ended within a line
};

/// What the time of a line must not be less than, as the beginning of its text: understands times in UTC or their
/// beginnings, `2026-11-22T06:10:00Z`, `2026-11-22`, and times before `now`: `90s`, `10m`, `2h`, `3d`.
/// \returns nothing for any other text
[[nodiscard]] std::optional<std::string> log_since(std::string_view text, std::chrono::system_clock::time_point now);

}  // namespace servicekit::cli

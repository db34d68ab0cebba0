#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit {

/// What a crash report says first. What it does not say is empty.
struct CrashSummary {
    std::string file = {};  ///< where the report is
    std::string time = {};  ///< RFC 3339
    std::string pid = {};
    std::string version = {};
    std::string signal = {};               ///< "SIGSEGV"; empty if the program called exit(3)
    std::string exit = {};                 ///< "exit(1)", if it did
    std::string reason = {};               ///< "address not mapped to object"
    std::string address = {};              ///< of a fault
    std::string thread = {};               ///< "12 (control)"
    std::string event = {};                ///< the innermost one that ran
    std::string exception = {};            ///< that nobody caught
    std::vector<std::string> frames = {};  ///< the first of the thread that crashed, in words
    bool is_whole = false;                 ///< it was written to its end

    /// "SIGSEGV (address not mapped to object) in the event 'backup'"
    [[nodiscard]] std::string in_words() const;
    /// "crashed: SIGSEGV (address not mapped to object) in the event 'backup'", "called exit(1) in the event 'backup'"
    [[nodiscard]] std::string what_the_process_did() const;
    [[nodiscard]] Object fields() const;
};

/// \returns the latest of the reports that the text has; of any other text an empty one
[[nodiscard]] CrashSummary parse_crash_report(std::string_view text);

/// A line of a report's backtrace with the function's name as in the source; any other line as it is.
[[nodiscard]] std::string demangle_frame(std::string_view line);

/// The reports of one service: DIRECTORY/NAME.crash is where a crash puts one, and the next start moves it to
/// DIRECTORY/NAME.crash.TIME.PID.
class CrashReports {
public:
    CrashReports(std::string directory, std::string name, os::Files& files, const os::Clock& clock)
        : directory_{std::move(directory)}, name_{std::move(name)}, files_{&files}, clock_{&clock} {}

    [[nodiscard]] std::string new_report() const { return directory_ + "/" + name_ + ".crash"; }
    /// Where a report goes while something else is at new_report(): a name as of one that was rotated.
    [[nodiscard]] std::string other_report(pid_t pid) const;
    /// Files that were read before, by path: one that has not changed since need not be read again.
    struct Known {
        os::FileStatus status;
        CrashSummary summary;
    };
    using Memory = std::map<std::string, Known>;

    /// The latest first.
    [[nodiscard]] Result<std::vector<CrashSummary>> list() const;
    /// The same with a memory of the caller's, which holds the files of this list afterwards.
    [[nodiscard]] Result<std::vector<CrashSummary>> list(Memory& memory) const;
    /// The whole text, with the names of functions as in the source.
    [[nodiscard]] Result<std::string> read(const std::string& file) const;
    /// Makes room for a new report. A file that is none of `writers`', or has another name elsewhere, is no report.
    /// \returns what the last life left, where it is now; nothing where it left nothing
    Result<std::optional<CrashSummary>> put_away(std::span<const uid_t> writers);
    /// Removes the oldest of those that were rotated, so that `keep` are left.
    Result<void> remove_older(std::size_t keep);

private:
    /// Paths, as AgeOrder has them.
    [[nodiscard]] Result<std::vector<std::string>> put_away_files() const;
    /// What no stamp exceeds but one of a clock that was ahead.
    [[nodiscard]] std::string latest_stamp() const;
    [[nodiscard]] Result<CrashSummary> summary_of(const std::string& file) const;
    /// Of the new report, if it is one. \returns nothing where it is not
    [[nodiscard]] Result<std::optional<CrashSummary>> summary_of_new(std::span<const uid_t> writers) const;

    std::string directory_;
    std::string name_;
    os::Files* files_;
    const os::Clock* clock_;
};

}  // namespace servicekit

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

/// The main facts of a crash report. A field is empty if the report does not have it.
struct CrashSummary {
    std::string file = {};  ///< where the report is
    std::string time = {};  ///< RFC 3339
    std::string pid = {};
    std::string version = {};
    std::string signal = {};               ///< "SIGSEGV"; empty if the program called exit(3)
    std::string exit = {};                 ///< "exit(1)", if the program called it
    std::string reason = {};               ///< "address not mapped to object"
    std::string address = {};              ///< that caused the fault
    std::string thread = {};               ///< "12 (control)"
    std::string event = {};                ///< the innermost one that ran
    std::string exception = {};            ///< that was not caught
    std::vector<std::string> frames = {};  ///< the first frames of the thread that crashed, in words
    bool is_whole = false;                 ///< the report was written to its end

    /// Returns "SIGSEGV (address not mapped to object) in the event 'backup'".
    [[nodiscard]] std::string in_words() const;
    /// Returns "crashed: SIGSEGV (address not mapped to object) in the event 'backup'" or "called exit(1) in the event
    /// 'backup'".
    [[nodiscard]] std::string what_the_process_did() const;
    [[nodiscard]] Object fields() const;
};

/// \returns the summary of the last report in the text; an empty one if there is no report
[[nodiscard]] CrashSummary parse_crash_report(std::string_view text);

/// Returns a line of a report's backtrace with the function's name as in the source. Returns any other line unchanged.
[[nodiscard]] std::string demangle_frame(std::string_view line);

/// The crash reports of one service. A crash writes its report to DIRECTORY/NAME.crash. The next start rotates it to
/// DIRECTORY/NAME.crash.TIME.PID.
class CrashReports {
public:
    CrashReports(std::string directory, std::string name, os::Files& files, const os::Clock& clock)
        : directory_{std::move(directory)}, name_{std::move(name)}, files_{&files}, clock_{&clock} {}

    [[nodiscard]] std::string new_report() const { return directory_ + "/" + name_ + ".crash"; }
    /// Returns the path of a report while another file is at new_report(). It is named like a rotated report.
    [[nodiscard]] std::string other_report(pid_t pid) const;
    /// Reports that were read before, by path. A file that has not changed since is not read again.
    struct Known {
        os::FileStatus status;
        CrashSummary summary;
    };
    using Memory = std::map<std::string, Known>;

    /// Returns the reports, the latest first.
    [[nodiscard]] Result<std::vector<CrashSummary>> list() const;
    /// Does the same with a cache of the caller. Afterwards the cache contains the files of this list.
    [[nodiscard]] Result<std::vector<CrashSummary>> list(Memory& memory) const;
    /// Returns the whole text, with the names of functions as in the source.
    [[nodiscard]] Result<std::string> read(const std::string& file) const;
    /// Rotates the report of the last life, to make room for a new one. A file that does not belong to one of
    /// `writers`, or has another hard link, is not a report.
    /// \param last_pid of the last life, if it ended without a stop: its report may be at its other_report()
    /// \returns the rotated report; nothing if there was none
    Result<std::optional<CrashSummary>> put_away(std::span<const uid_t> writers,
                                                 std::optional<pid_t> last_pid = std::nullopt);
    /// Removes what lives that did not crash have left at their other_report().
    Result<void> remove_empty(std::span<const uid_t> writers);
    /// Removes the oldest rotated reports, so that `keep` are left. \returns the number of rotated reports that are left
    Result<std::size_t> remove_older(std::size_t keep);

private:
    /// Returns the paths of all files that are named like rotated reports. Other users may have made some of them.
    [[nodiscard]] Result<std::vector<std::string>> stamped_files() const;
    /// Returns the paths of the rotated reports, ordered by AgeOrder.
    [[nodiscard]] Result<std::vector<std::string>> put_away_files() const;
    /// Returns a stamp that no other exceeds, unless the clock was ahead.
    [[nodiscard]] std::string latest_stamp() const;
    [[nodiscard]] Result<CrashSummary> summary_of(const std::string& file) const;
    /// Reads a report, and nothing that another user may have put in its place.
    [[nodiscard]] Result<std::string> text_of(const std::string& file) const;
    /// \returns the summary of a report that one of `writers` owns; nothing if the file is not one
    [[nodiscard]] Result<std::optional<CrashSummary>> summary_of_own(const std::string& path,
                                                                     std::span<const uid_t> writers) const;
    /// Does what put_away() does, with the other_report() of an earlier process.
    [[nodiscard]] Result<std::optional<CrashSummary>> put_away_other(std::span<const uid_t> writers, pid_t pid);

    std::string directory_;
    std::string name_;
    os::Files* files_;
    const os::Clock* clock_;
};

}  // namespace servicekit

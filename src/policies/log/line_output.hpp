#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "policies/log/turns.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/contract/log.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit::policies {

/// Where the lines of a log go: into a file, to stderr, or nowhere. Each is in the kernel when write() returns.
///
/// What a file can't take is counted; once it takes lines again, the first one says how many were lost and why.
/// A line after one that was torn begins on a fresh line. Thread-safe, unless a member says otherwise.
class LineOutput {
public:
    explicit LineOutput(os::StandardStreams& streams) : streams_{&streams} {}

    /// Both let lines in from here on; before, they are dropped.
    /// \param source who logs, for each line: name and pid.
    void open_file(std::unique_ptr<os::File> file, std::string source);
    void open_stderr(std::string source);
    /// Whether lines are let in. What was done before they were is seen by whoever gets true.
    [[nodiscard]] bool is_open() const noexcept { return open_; }

    void write(const contract::LogRecord& record) noexcept;
    /// Counts a line that never got here.
    void count_loss() noexcept { ++lost_; }

    /// Goes on with another file. What was lost is told there.
    /// \returns false, with nothing changed, where a line was still being written all that time.
    [[nodiscard]] bool replace_file(std::unique_ptr<os::File>& file, std::chrono::milliseconds at_most);

    /// Drops lines from here on, and waits until the last one is written, but for `at_most`.
    /// \param now the time of the line that tells of losses, where there are any.
    void close(std::chrono::system_clock::time_point now, std::chrono::milliseconds at_most) noexcept;

    /// The file that is written to; null where there is none. For the thread that opens and replaces it.
    [[nodiscard]] os::File* file() const noexcept { return file_.get(); }

private:
    void write_into_file(std::string line, std::chrono::system_clock::time_point time);
    [[nodiscard]] std::string loss_line(std::chrono::system_clock::time_point time) const;
    void adopt(std::unique_ptr<os::File> file);
    void note_failure(const Error& error);

    os::StandardStreams* streams_;
    std::string source_;
    bool to_stderr_ = false;
    std::atomic<bool> open_{false};
    std::atomic<std::uint64_t> lost_{0};

    Turns turns_;  // whoever has the turn may use what follows
    std::unique_ptr<os::File> file_;
    std::uint64_t expected_size_ = 0;  ///< of the file, if nobody else writes into it
    bool torn_ = false;                ///< the file may end within a line
    std::string loss_reason_;
};

}  // namespace servicekit::policies

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "policies/log/loss_counts.hpp"
#include "servicekit/os/programs.hpp"

namespace servicekit::policies {

/// Lines on their way into the input of a program. They wait here while they may be delayed or the pipe is full. No
/// call waits for the program, except write_at_crash(). From any thread.
///
/// If there is no memory or room for a line, it is lost and counted. Once there is room, a line in its place reports
/// the number.
class PipedLines {
public:
    /// \returns one line, with its newline
    using LossLine = std::function<std::string(std::uint64_t count)>;

    /// What the owner of the event loop should do next. Each is requested once, until it is done.
    enum class Need {
        nothing,
        time,  ///< call flush_in_time() within the delay
        room,  ///< call flush_into_room() when the pipe is writable
    };

    /// \param most most bytes that may wait
    explicit PipedLines(std::size_t most) : most_{most} {}

    /// Accepts lines from now on; earlier ones are dropped. Each is written to the pipe at once if there is room.
    void open(os::ProgramInput& input, LossLine loss_line);
    /// Lets lines wait, because a caller now does what Need requests.
    void begin_to_wait() noexcept;
    Need put(std::string_view line, bool at_once);
    /// Counts a line for which there was no memory before it got here.
    void count_loss() noexcept;
    [[nodiscard]] const LossCounts& losses() const noexcept { return losses_; }
    Need flush_in_time();
    Need flush_into_room();
    /// Drops lines from now on; waiting ones stay. \returns true if lines were accepted before
    bool close() noexcept;
    /// Writes as much as there is room for. \returns true if everything is in the pipe. \pre it is closed
    bool drain();

    /// Async-signal-safe, even while another thread uses this object; the waiting lines may be left out then.
    void write_at_crash(std::string_view lines) noexcept;

private:
    /// Its owner may use what follows. A crashing thread does not wait for it forever.
    class Lock;

    /// A waiting line that reports lost lines.
    struct Report {
        std::size_t begin = 0;    ///< its position in `lines_`
        std::uint64_t count = 0;  ///< the lost lines
    };

    Need write_out();
    /// If there is no memory for the report, a later call makes it.
    void note_loss() noexcept;
    void take_off(std::size_t bytes);
    void lose_all();
    [[nodiscard]] std::string_view waiting() const noexcept { return std::string_view{lines_}.substr(written_); }

    std::size_t most_;
    std::mutex mutex_;
    std::atomic<bool> taken_{false};
    std::atomic<std::uint64_t> lost_{0};  ///< lines that are not yet reported as lost
    LossCounts losses_;

    os::ProgramInput* input_ = nullptr;
    LossLine loss_line_;
    std::string lines_;
    std::vector<Report> reports_;  ///< those in `lines_` of which no byte is in the pipe
    Loss loss_ = Loss::slow;       ///< the reason of the last loss, unless it was memory
    std::size_t written_ = 0;      ///< bytes of `lines_` that are in the pipe
    bool is_torn_ = false;         ///< the last of them is not the end of a line
    bool has_begun_anew_ = false;  ///< used by crash lines, after a thread died in here
    bool is_stuck_ = false;        ///< the last of them was not written in time
    bool is_open_ = false;
    bool may_wait_ = false;
    bool awaits_time_ = false;
    bool awaits_room_ = false;
};

}  // namespace servicekit::policies

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "servicekit/os/programs.hpp"

namespace servicekit::policies {

/// Lines on their way into the input of a program: they wait here while they may, or have to. Nothing here waits for the
/// program. From any thread.
///
/// A line that there is no memory for is lost and counted; once there is room, a line in its place says how many were.
class PipedLines {
public:
    /// \returns one line, with its newline
    using LossLine = std::function<std::string(std::uint64_t count)>;

    /// What whoever has an event loop should do next. Each is asked for once, until it was done.
    enum class Need {
        nothing,
        time,  ///< call flush_in_time() within the delay
        room,  ///< call flush_into_room() once the pipe can be written
    };

    /// \param most bytes that wait, at most
    explicit PipedLines(std::size_t most) : most_{most} {}

    /// Lets lines in; before, they are dropped. Each goes into the pipe at once, where it has room.
    void open(os::ProgramInput& input, LossLine loss_line);
    /// From here on somebody does what is needed.
    void begin_to_wait() noexcept;
    Need put(std::string_view line, bool at_once);
    /// Counts a line that never got here.
    void count_loss() noexcept;
    Need flush_in_time();
    Need flush_into_room();
    /// Drops lines from here on; those that are here stay. \returns whether they were let in
    bool close() noexcept;
    /// Writes what there is room for. \returns whether all is in the pipe. \pre it is closed
    bool drain();

    /// Async-signal-safe, whatever any thread does here at this moment; what waits may be left out where one does.
    void write_at_crash(std::string_view lines) noexcept;

private:
    /// One who has it may use what follows; crash lines are not kept waiting for it for ever.
    class Lock;

    Need write_out();
    void note_loss();
    void take_off(std::size_t bytes);
    void lose_all();
    [[nodiscard]] std::string_view waiting() const noexcept { return std::string_view{lines_}.substr(written_); }

    std::size_t most_;
    std::mutex mutex_;
    std::atomic<bool> taken_{false};
    std::atomic<std::uint64_t> lost_{0};

    os::ProgramInput* input_ = nullptr;
    LossLine loss_line_;
    std::string lines_;
    std::size_t written_ = 0;      ///< bytes of `lines_` that are in the pipe
    bool is_torn_ = false;         ///< the last of them is not the end of a line
    bool has_begun_anew_ = false;  ///< for crash lines, after a thread died in here
    bool is_stuck_ = false;        ///< the last of them waited in vain for room
    bool is_open_ = false;
    bool may_wait_ = false;
    bool awaits_time_ = false;
    bool awaits_room_ = false;
};

}  // namespace servicekit::policies

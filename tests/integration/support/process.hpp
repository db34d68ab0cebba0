#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "os/descriptor.hpp"

namespace servicekit::test {

/// Time limit of a test for an event that must happen.
inline constexpr std::chrono::seconds patience{60};

/// One process, held by a pidfd, so it can never be another process that got its pid.
class Process {
public:
    explicit Process(pid_t pid);

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// Returns a descriptor that becomes readable for poll(2) when the process has ended; -1 if it could not be opened.
    [[nodiscard]] int descriptor() const noexcept { return pidfd_.get(); }
    [[nodiscard]] bool has_ended() const { return wait_for_end(std::chrono::milliseconds{0}); }
    [[nodiscard]] bool wait_for_end(std::chrono::milliseconds at_most = patience) const;
    void signal(int number) const;

    /// Waits for the end of the process and reaps it. \pre it is a child, or an orphan after adopt_orphans()
    /// \returns its exit code, or 128 and the number of the signal that ended it
    /// \throws std::runtime_error if it does not end
    int exit_code();
    /// Kills the process and waits until it is gone. Does nothing if it is already gone.
    void end();

private:
    pid_t pid_;
    os::Descriptor pidfd_;  ///< none: the process had ended before it could be opened
    std::optional<int> exit_code_;
};

/// Values of /proc/PID/stat.
struct ProcessFacts {
    pid_t pid = 0;
    std::string name;
    char state = '?';
    pid_t parent = 0;
    pid_t session = 0;

    [[nodiscard]] bool is_zombie() const noexcept { return state == 'Z' || state == 'X'; }
};

/// \returns nothing if there is no such process
[[nodiscard]] std::optional<ProcessFacts> facts_of(pid_t pid);
/// Returns a value of /proc/PID/status in KiB, such as VmHWM; -1 if there is none.
[[nodiscard]] long kibibytes(pid_t pid, const std::string& key);

/// Returns a line for each thread of the process, for the message of a failed test: its name, its state, its system
/// call and where in the kernel it sleeps.
[[nodiscard]] std::string threads_of(pid_t pid);

/// Makes this process the parent of orphans, so that daemons can be reaped and counted.
void adopt_orphans();

/// Returns all descendants of this process, including those that have ended and were not reaped.
[[nodiscard]] std::vector<ProcessFacts> descendants();

}  // namespace servicekit::test

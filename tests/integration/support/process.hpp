#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "os/descriptor.hpp"

namespace servicekit::test {

/// How long a test waits for what must happen, before it fails.
inline constexpr std::chrono::seconds patience{60};

/// One process, held by a pidfd: never another one that got its pid.
class Process {
public:
    explicit Process(pid_t pid);

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// Readable for poll(2) when it has ended; -1 where it could not be held.
    [[nodiscard]] int descriptor() const noexcept { return pidfd_.get(); }
    [[nodiscard]] bool has_ended() const { return wait_for_end(std::chrono::milliseconds{0}); }
    [[nodiscard]] bool wait_for_end(std::chrono::milliseconds at_most = patience) const;
    void signal(int number) const;

    /// Waits for its end, and reaps it. \pre it is a child, or was left to this process (adopt_orphans()).
    /// \returns its exit code, or 128 and the number of the signal that ended it.
    /// \throws std::runtime_error where it does not end
    int exit_code();
    /// SIGKILL, and waits until it is gone; nothing where it is gone already.
    void end();

private:
    pid_t pid_;
    os::Descriptor pidfd_;  ///< none: it had ended before it could be held
    std::optional<int> exit_code_;
};

/// What /proc/PID/stat tells.
struct ProcessFacts {
    pid_t pid = 0;
    std::string name;
    char state = '?';
    pid_t parent = 0;
    pid_t session = 0;

    [[nodiscard]] bool is_zombie() const noexcept { return state == 'Z' || state == 'X'; }
};

/// \returns nothing where there is no such process.
[[nodiscard]] std::optional<ProcessFacts> facts_of(pid_t pid);
/// A value of /proc/PID/status in KiB, such as VmHWM; -1 if there is none.
[[nodiscard]] long kibibytes(pid_t pid, const std::string& key);

/// What each thread of it does, for the message of a test that failed: a line with its name, its state, its system call
/// and where in the kernel it sleeps.
[[nodiscard]] std::string threads_of(pid_t pid);

/// From here on processes whose parents end become children of this one, so that daemons can be reaped and counted.
void adopt_orphans();

/// All processes that descend from this one; those that have ended and wait to be reaped among them.
[[nodiscard]] std::vector<ProcessFacts> descendants();

}  // namespace servicekit::test

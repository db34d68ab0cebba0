#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// What a process uses, as /proc shows it.
struct ProcessUsage {
    std::uint64_t memory = 0;          ///< resident memory in bytes
    std::uint64_t virtual_memory = 0;  ///< in bytes
    std::uint64_t threads = 0;         ///< number of its threads
    std::chrono::milliseconds cpu{0};  ///< user and system time of all its threads
    friend bool operator==(const ProcessUsage&, const ProcessUsage&) = default;
};

/// Other processes of the machine.
class ProcessTable {
public:
    virtual ~ProcessTable() = default;
    /// \returns nothing if the process does not exist or its user is unknown
    [[nodiscard]] virtual std::optional<uid_t> effective_user_of(pid_t pid) const = 0;
    /// \returns nothing if the process does not exist or is not visible
    [[nodiscard]] virtual std::optional<ProcessUsage> usage_of(pid_t pid) const = 0;
    /// Sends a signal to exactly the process that `still_meant` confirms. A pidfd is opened first, then `still_meant`
    /// is called, then the signal is sent through the pidfd. So a process that reuses the pid cannot get the signal.
    /// \pre pid > 0
    /// \returns false if the process has ended, or `still_meant` returned false
    virtual Result<bool> signal(pid_t pid, int signal_number, const std::function<bool()>& still_meant) = 0;
    /// Waits until the process has ended; does not poll if the system has pidfds.
    /// \returns true if it has ended; always false for a pid of 0 or below, which does not name a single process
    virtual bool wait_for_end(pid_t pid, std::chrono::milliseconds at_most) = 0;
};

/// Returns the real implementation.
[[nodiscard]] ProcessTable& posix_process_table();

}  // namespace servicekit::os

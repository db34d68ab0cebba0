#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Other processes of the machine.
class ProcessTable {
public:
    virtual ~ProcessTable() = default;
    /// \returns nothing where there is no such process or it can't be told.
    [[nodiscard]] virtual std::optional<uid_t> effective_user_of(pid_t pid) const = 0;
    /// Sends a signal to exactly the process that `still_meant` confirms: a pidfd is opened first,
    /// then `still_meant` asked, then the signal sent through the pidfd, so that a reused pid
    /// can't be hit.
    /// \pre pid > 0
    /// \returns false where the process was gone, or was not meant any more.
    virtual Result<bool> signal(pid_t pid, int signal_number, const std::function<bool()>& still_meant) = 0;
    /// Waits until the process has ended, without polling where the system has pidfds.
    /// \returns whether it has; never true of a pid that is 0 or negative, which is nobody in particular.
    virtual bool wait_for_end(pid_t pid, std::chrono::milliseconds at_most) = 0;
};

[[nodiscard]] ProcessTable& posix_process_table();

}  // namespace servicekit::os

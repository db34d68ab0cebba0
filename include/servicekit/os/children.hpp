#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <vector>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// The children of the calling thread. To the kernel a child belongs to the thread that forked it. When that thread
/// ends, the child goes to the first thread of the process, as does a process that this one adopts (wait(2),
/// "__WNOTHREAD"; pid_namespaces(7)).
class Children {
public:
    virtual ~Children() = default;
    /// \returns true if orphans become children of the calling thread: it is the first thread of the first process of
    ///          its pid namespace, as in a container.
    [[nodiscard]] virtual bool adopts_orphans() const = 0;
    /// The children that have ended and that nobody has waited for. They are not reaped. If the system cannot list
    /// them, at most one is returned.
    [[nodiscard]] virtual std::vector<pid_t> ended() = 0;
    /// Reaps a child that has ended. Does nothing if it is already reaped.
    virtual void reap(pid_t child) = 0;
    /// Runs `body` in a new thread, and calls `look` in the calling thread every `period` until `body` returns.
    /// \returns an error if the thread cannot be started; `body` was then not run
    virtual Result<void> run_beside(const std::function<void()>& body, std::chrono::milliseconds period,
                                    const std::function<void()>& look) = 0;
};

/// Returns the real implementation.
[[nodiscard]] Children& posix_children();

}  // namespace servicekit::os

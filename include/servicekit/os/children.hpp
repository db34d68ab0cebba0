#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <vector>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// The children of the calling thread. To the kernel a child belongs to the thread that forked it; it goes to the
/// process's first thread when that one ends, as does a process that this one adopts when its own parent ends
/// (wait(2), "__WNOTHREAD"; pid_namespaces(7)).
class Children {
public:
    virtual ~Children() = default;
    /// Whether orphans become children of the calling thread: it is the first one of the first process of its pid
    /// namespace, as in a container.
    [[nodiscard]] virtual bool adopts_orphans() const = 0;
    /// Those that have ended and that nobody has waited for yet. They are left as they are.
    /// Where the system can't list them, one of them at most.
    [[nodiscard]] virtual std::vector<pid_t> ended() = 0;
    /// Does away with one that has ended; nothing where it is gone by now.
    virtual void reap(pid_t child) = 0;
    /// Runs `body` in a thread of its own, and calls `look` in the calling one every `period` until it is over.
    /// \returns an error where there is no thread to be had: `body` was not run then.
    virtual Result<void> run_beside(const std::function<void()>& body, std::chrono::milliseconds period,
                                    const std::function<void()>& look) = 0;
};

[[nodiscard]] Children& posix_children();

}  // namespace servicekit::os

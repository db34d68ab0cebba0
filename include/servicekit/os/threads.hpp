#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// A thread that makes one call. The destructor does not wait: a thread that has not ended keeps running.
class Thread {
public:
    virtual ~Thread() = default;
    /// Waits for the end. Only one thread at a time may call it. \returns true if the call has returned and the thread
    /// has ended: its thread_local objects are destroyed, too
    [[nodiscard]] virtual bool wait(std::chrono::milliseconds at_most) noexcept = 0;
};

/// Starts threads for calls that may hang in the kernel.
class Threads {
public:
    virtual ~Threads() = default;
    /// Starts a thread. It owns the call and destroys it when it has returned. An exception from the call ends the
    /// process. All signals are blocked in the thread except those that faults raise.
    /// \param name at most 15 characters
    /// \pre the service has done its last fork(2)
    virtual Result<std::unique_ptr<Thread>> start(const std::string& name, std::function<void()> call) = 0;
    /// Lets other threads run before the calling thread if they wait for its core (sched_yield(2)).
    virtual void yield() noexcept = 0;
};

/// Returns the real implementation.
[[nodiscard]] Threads& posix_threads();

}  // namespace servicekit::os

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// A thread that makes one call. Destroying it waits for nothing: one whose call has not returned is left alone.
class Thread {
public:
    virtual ~Thread() = default;
    /// From one thread at a time. \returns whether the call has returned; once it says so, the thread has ended
    [[nodiscard]] virtual bool wait(std::chrono::milliseconds at_most) noexcept = 0;
};

/// Starts threads for what may hang in the kernel.
class Threads {
public:
    virtual ~Threads() = default;
    /// The thread owns the call, which is destroyed as soon as it has returned. What escapes it ends the process.
    /// Every signal is blocked in it but those that are raised by faults.
    /// \param name 15 letters at most
    /// \pre the last fork is over
    virtual Result<std::unique_ptr<Thread>> start(const std::string& name, std::function<void()> call) = 0;
};

[[nodiscard]] Threads& posix_threads();

}  // namespace servicekit::os

#pragma once

#include <memory>

#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit::os {

/// A timer of the kernel that ends this process by SIGKILL, whatever its threads do: also if they hang, or the process
/// is stopped or frozen, or the machine was suspended when the time came. Each object is a timer of its own. Children,
/// and programs that replace this one, do not inherit it. The destructor cancels it. Only one thread at a time may use
/// it.
class KillTimer {
public:
    virtual ~KillTimer() = default;
    /// Sets the time, and replaces an earlier one. A time that has passed ends the process now.
    /// \returns an error if the kernel refuses; an earlier time is then still set
    virtual Result<void> kill_at(BootClock::time_point time) = 0;
    /// Cancels the request of kill_at().
    virtual void cancel() noexcept = 0;
};

/// Makes the real implementation. It takes nothing from the system before kill_at().
[[nodiscard]] std::unique_ptr<KillTimer> make_posix_kill_timer();

}  // namespace servicekit::os

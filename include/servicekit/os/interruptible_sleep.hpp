#pragma once

#include <chrono>
#include <memory>

namespace servicekit::os {

/// Lets a command line tool sleep until its time is up or the user interrupts it. While it exists, INT, TERM and HUP
/// end the sleep instead of the process; ignored signals stay ignored. Only the thread that made it may use it, and it
/// must be the only thread of its process.
class InterruptibleSleep {
public:
    virtual ~InterruptibleSleep() = default;
    /// \returns true if the whole time has passed; false if one of the signals has arrived since construction. After
    ///          that it always returns false at once.
    virtual bool sleep_for(std::chrono::milliseconds time) = 0;
    /// The number of the signal that ended the sleep; 0 if none did.
    [[nodiscard]] virtual int ended_by() const = 0;
};

/// Makes the real implementation.
[[nodiscard]] std::unique_ptr<InterruptibleSleep> make_posix_interruptible_sleep();

}  // namespace servicekit::os

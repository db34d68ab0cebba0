#pragma once

#include <chrono>
#include <memory>

namespace servicekit::os {

/// Lets a command line tool sleep until its time is up or its user has had enough.
/// While it exists, INT, TERM and HUP end the sleep in place of the process; those that are ignored stay so.
/// For the thread that made it, which is the only one of its process.
class InterruptibleSleep {
public:
    virtual ~InterruptibleSleep() = default;
    /// \returns whether all of the time passed: false once one of the signals came, now or since construction,
    ///          and from then on always, at once.
    virtual bool sleep_for(std::chrono::milliseconds time) = 0;
    /// The number of the signal that ended it; 0 if none did.
    [[nodiscard]] virtual int ended_by() const = 0;
};

[[nodiscard]] std::unique_ptr<InterruptibleSleep> make_posix_interruptible_sleep();

}  // namespace servicekit::os

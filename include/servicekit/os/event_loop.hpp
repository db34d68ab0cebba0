#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Calls back once when its descriptor becomes ready, each time that it is asked to.
/// Every member is for the loop's thread only (or before the loop was started). Destroying it cancels.
class Watch {
public:
    virtual ~Watch() = default;
    /// Replaces what was awaited before in this direction.
    /// Also calls back where the descriptor has an error or was hung up.
    virtual void await_readable(std::function<void()> callback) = 0;
    virtual void await_writable(std::function<void()> callback) = 0;
    virtual void cancel() = 0;
};

/// Calls back once when its time is up. For the loop's thread only (or before the loop was started).
/// Destroying it stops it.
class Timer {
public:
    virtual ~Timer() = default;
    /// Starts or restarts the timer. Allocates no memory.
    virtual void start(std::chrono::milliseconds from_now, std::function<void()> callback) = 0;
    virtual void stop() = 0;
};

/// Waits for descriptors, times and posted calls, in a thread of its own.
/// What escapes a callback ends the process, apart from std::bad_alloc and std::system_error: the loop reports those and
/// goes on. Watches and timers are destroyed before their loop.
class EventLoop {
public:
    virtual ~EventLoop() = default;
    /// The descriptor stays the caller's, who destroys the watch before closing it. It should be non-blocking,
    /// since a call back is a hint: what was ready may have gone by then.
    /// \throws std::system_error where the system can't watch any more descriptors, or not this one: a regular file, or
    /// one that has a watch already.
    virtual std::unique_ptr<Watch> watch(int descriptor) = 0;
    virtual std::unique_ptr<Timer> timer() = 0;
    /// Has the loop's thread call it, in the order of posting. From any thread. \throws std::bad_alloc
    virtual void post(std::function<void()> call) = 0;
    /// The loop's thread calls it with what a callback was refused, instead of ending the process. Before start().
    virtual void on_failure(std::function<void(const Error&)> callback) = 0;
    /// Starts the thread. Every signal is blocked in it but those that are raised by faults.
    virtual Result<void> start() = 0;
    /// Ends the loop after the calls that are already posted, and waits for its thread.
    /// From any thread but the loop's own. May be called when it was never started, and twice.
    virtual void stop() = 0;
};

/// \param thread the name of its thread, as ps(1) and top(1) show it: 15 letters at most
/// \throws std::system_error if the process has no descriptors left.
[[nodiscard]] std::unique_ptr<EventLoop> make_posix_event_loop(const std::string& thread);

/// Lets one thread sleep until another has something for it.
class Parking {
public:
    virtual ~Parking() = default;
    /// Returns at once where unpark() was called since the last park() returned, else sleeps until it is.
    virtual void park() = 0;
    /// As park(), for a limited time. \param at_most a hundred years at most \returns false when the time was over first
    virtual bool park_for(std::chrono::milliseconds at_most) = 0;
    /// From any thread; costs no system call where nobody sleeps.
    virtual void unpark() = 0;
};

[[nodiscard]] std::unique_ptr<Parking> make_posix_parking();

}  // namespace servicekit::os

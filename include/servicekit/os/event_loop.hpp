#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "servicekit/base/result.hpp"

namespace servicekit::os {

/// Calls a function once when its descriptor becomes ready, for each request. Only the loop's thread may use it, or any
/// thread before the loop is started. Destroying it cancels the request.
class Watch {
public:
    virtual ~Watch() = default;
    /// Requests one call when the descriptor is readable; replaces an earlier request for this direction. Also calls
    /// back if the descriptor has an error or was hung up.
    virtual void await_readable(std::function<void()> callback) = 0;
    /// Requests one call when the descriptor is writable, like await_readable().
    virtual void await_writable(std::function<void()> callback) = 0;
    /// Cancels the requests for both directions.
    virtual void cancel() = 0;
};

/// Calls a function once when its time has come. Only the loop's thread may use it, or any thread before the loop is
/// started. Destroying it stops it.
class Timer {
public:
    virtual ~Timer() = default;
    /// Starts or restarts the timer. Does not allocate memory.
    virtual void start(std::chrono::milliseconds from_now, std::function<void()> callback) = 0;
    /// Stops the timer. Its function is not called any more.
    virtual void stop() = 0;
};

/// Waits for descriptors, timers and posted functions, in a thread of its own. An exception from a callback ends the
/// process, except std::bad_alloc and std::system_error: the loop reports those and continues. Watches and timers must
/// be destroyed before their loop.
class EventLoop {
public:
    virtual ~EventLoop() = default;
    /// Watches a descriptor. The caller keeps it, and destroys the watch before closing it. The descriptor should be
    /// non-blocking, because it may no longer be ready when the function is called.
    /// \throws std::system_error if the system cannot watch more descriptors, or not this one: a regular file, or one
    ///         that already has a watch
    virtual std::unique_ptr<Watch> watch(int descriptor) = 0;
    /// Does the same for a descriptor that is likely to be closed at its first event, which then costs one call to the
    /// kernel less. If it is not, the next await costs one more call and may throw. The descriptor must be closed once
    /// the watch is destroyed.
    virtual std::unique_ptr<Watch> watch_briefly(int descriptor) { return watch(descriptor); }
    /// Makes a timer.
    virtual std::unique_ptr<Timer> timer() = 0;
    /// Runs a function on the loop's thread, in the order of posting. May be called from any thread.
    /// \throws std::bad_alloc
    virtual void post(std::function<void()> call) = 0;
    /// Sets a function that the loop's thread calls with the failure of a callback, instead of ending the process. Call
    /// it before start().
    virtual void on_failure(std::function<void(const Error&)> callback) = 0;
    /// Starts the thread. In it, all signals are blocked except those that faults raise.
    virtual Result<void> start() = 0;
    /// Lets the thread run only while it is needed: from post() on, until no function is posted, no timer runs, and no
    /// watch exists. It ends a second later. Timers that run already, watches and posted functions count, too. If the
    /// thread cannot be started, the next attempt is a second later.
    /// \param starter starts the thread on its own thread, because a thread inherits its priority and its processors.
    ///        Not started yet; stopped after this loop, destroyed after it
    /// \param prepare_thread called first in each thread
    virtual Result<void> start_on_demand(EventLoop& starter, std::function<void()> prepare_thread) = 0;
    /// \returns true if the calling thread is the loop's
    [[nodiscard]] virtual bool is_this_thread() const noexcept = 0;
    /// Runs the functions that are already posted, ends the loop and waits for its thread. May be called from any
    /// thread except the loop's own, also if the loop was never started, and more than once.
    virtual void stop() = 0;
};

/// \param thread the name of its thread for ps(1) and top(1), at most 15 characters
/// \throws std::system_error if the process has no descriptors left
[[nodiscard]] std::unique_ptr<EventLoop> make_posix_event_loop(const std::string& thread);

/// Lets a thread sleep until another thread wakes it.
class Parking {
public:
    virtual ~Parking() = default;
    /// Sleeps until unpark() is called. Returns at once if it was called since the last park() returned.
    virtual void park() = 0;
    /// Does the same for a limited time. \param at_most at most a hundred years \returns false if the time expired
    /// first
    virtual bool park_for(std::chrono::milliseconds at_most) = 0;
    /// Wakes the thread. May be called from any thread. Costs no system call if no thread sleeps.
    virtual void unpark() = 0;
};

/// Makes the real implementation.
[[nodiscard]] std::unique_ptr<Parking> make_posix_parking();

}  // namespace servicekit::os

#pragma once

#include <chrono>
#include <memory>

namespace servicekit {

class TimedWork;

/// Work that ServiceBase::every() or after() has planned. Copies refer to the same work. The work continues if all
/// copies are destroyed. Thread-safe. Has no effect after the service is destroyed.
class TimerHandle {
public:
    /// A handle without work.
    TimerHandle() = default;
    explicit TimerHandle(std::weak_ptr<TimedWork> work) : work_{std::move(work)} {}

    /// Cancels the work. A run that has begun continues. On the handler thread, no run begins after this call returns;
    /// on other threads, one may be just beginning.
    void cancel() const;
    /// Changes the time: the next run is due after this time from now, and for every() this is also the new interval.
    /// Does nothing if the work was cancelled, or if it was planned by after() and its time has come.
    /// \throws std::invalid_argument if the time is negative, or 0 for every()
    void change(std::chrono::milliseconds time) const;
    /// \returns true if another run is due.
    [[nodiscard]] bool is_planned() const;

private:
    std::weak_ptr<TimedWork> work_;
};

}  // namespace servicekit

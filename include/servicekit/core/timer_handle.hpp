#pragma once

#include <chrono>
#include <memory>

namespace servicekit {

class TimedWork;

/// Work that ServiceBase::every() or after() has planned. Copies stand for the same work; the work goes on when all of
/// them are gone. Thread-safe, and of use for as long as the service exists.
class TimerHandle {
public:
    /// Of no work.
    TimerHandle() = default;
    explicit TimerHandle(std::weak_ptr<TimedWork> work) : work_{std::move(work)} {}

    /// No run begins any more once the call is back, if it is made by the handlers' thread; otherwise one may just be
    /// beginning. A run that has begun goes on.
    void cancel() const;
    /// The next run comes after this time from now, and of every() each further one after this time again.
    /// Nothing happens if the work was cancelled, or was after() and its time has come.
    /// \throws std::invalid_argument for every(), unless it is positive
    void change(std::chrono::milliseconds time) const;
    /// Whether a run is still to come.
    [[nodiscard]] bool is_planned() const;

private:
    std::weak_ptr<TimedWork> work_;
};

}  // namespace servicekit

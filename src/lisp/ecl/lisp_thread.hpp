#pragma once

#include <pthread.h>

#include <chrono>
#include <functional>

#include "servicekit/base/result.hpp"

namespace servicekit::lisp {

/// A thread for Lisp. Its stack is large enough for whatever is read and evaluated, and it blocks the service's
/// signals. Threads that Lisp starts inherit that.
class LispThread {
public:
    LispThread() = default;
    LispThread(const LispThread&) = delete;
    LispThread& operator=(const LispThread&) = delete;
    /// Detaches the thread if it has not ended.
    ~LispThread();

    Result<void> start(const char* name, std::function<void()> body);
    /// Waits for the thread to end. \returns true if it has ended
    bool join(std::chrono::milliseconds at_most) noexcept;

private:
    pthread_t thread_{};
    bool started_ = false;
};

/// Unblocks the service's signals in children that Lisp's threads fork. Process-wide; further calls have no effect.
Result<void> clear_masks_of_children();

}  // namespace servicekit::lisp

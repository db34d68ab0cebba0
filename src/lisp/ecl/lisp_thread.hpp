#pragma once

#include <pthread.h>

#include <chrono>
#include <functional>

#include "servicekit/base/result.hpp"

namespace servicekit::lisp {

/// A thread that Lisp may run in: with a stack that is large enough for whatever is read and evaluated, and with the
/// signals blocked that are the service's. Threads that Lisp starts inherit that.
class LispThread {
public:
    LispThread() = default;
    LispThread(const LispThread&) = delete;
    LispThread& operator=(const LispThread&) = delete;
    /// Leaves it to itself where it has not ended.
    ~LispThread();

    Result<void> start(const char* name, std::function<void()> body);
    /// Waits for its end. \returns whether it has ended
    bool join(std::chrono::milliseconds at_most) noexcept;

private:
    pthread_t thread_{};
    bool started_ = false;
};

/// Has children of Lisp's threads start with no signal blocked. Once is enough; process-wide.
Result<void> clear_masks_of_children();

}  // namespace servicekit::lisp

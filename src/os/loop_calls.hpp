#pragma once

#include <functional>
#include <utility>

#include "servicekit/base/error.hpp"

namespace servicekit::os {

/// How a loop calls back: its thread goes on when the system refuses something to a callback.
/// For the loop's thread only.
class LoopCalls {
public:
    void on_failure(std::function<void(const Error&)> callback) { on_failure_ = std::move(callback); }
    /// What escapes the callback ends the process, apart from std::bad_alloc and std::system_error.
    void call(const std::function<void()>& callback) noexcept;

private:
    void report(int errno_value) noexcept;

    std::function<void(const Error&)> on_failure_;
};

}  // namespace servicekit::os

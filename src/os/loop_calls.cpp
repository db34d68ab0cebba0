#include "os/loop_calls.hpp"

#include <cerrno>
#include <new>
#include <system_error>

namespace servicekit::os {

void LoopCalls::call(const std::function<void()>& callback) noexcept {
    try {
        callback();
    } catch (const std::bad_alloc&) {
        report(ENOMEM);
    } catch (const std::system_error& error) {
        report(error.code().value());
    }
}

void LoopCalls::report(int errno_value) noexcept {
    if (!on_failure_) return;
    try {
        on_failure_(os_error("finish a call of the event loop", "", errno_value));
    } catch (const std::bad_alloc&) {
        return;  // no memory for the words either
    } catch (const std::system_error&) {
        return;
    }
}

}  // namespace servicekit::os

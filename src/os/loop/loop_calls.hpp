#pragma once

#include <cerrno>
#include <functional>
#include <new>
#include <system_error>
#include <utility>

#include "servicekit/base/error.hpp"

namespace servicekit::os {

/// Calls callbacks for a loop, so that its thread goes on if a callback fails with a system error.
/// For the loop's thread only.
class LoopCalls {
public:
    void on_failure(std::function<void(const Error&)> callback) { on_failure_ = std::move(callback); }

    /// Ends the process if the callback throws anything except std::bad_alloc and std::system_error.
    void call(const std::function<void()>& callback) noexcept {
        const int refusal = refusal_in(callback);
        if (refusal == 0 || !on_failure_) return;
        // If there is no memory for the message either, the error is not reported.
        static_cast<void>(refusal_in([&] { on_failure_(os_error("finish a call of the event loop", "", refusal)); }));
    }

private:
    /// \returns the errno of a system error; 0 if there was none
    template <class Call>
    static int refusal_in(const Call& call) {
        try {
            call();
        } catch (const std::bad_alloc&) {
            return ENOMEM;
        } catch (const std::system_error& error) {
            return error.code().value();
        }
        return 0;
    }

    std::function<void(const Error&)> on_failure_;
};

}  // namespace servicekit::os

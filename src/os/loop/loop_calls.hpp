#pragma once

#include <cerrno>
#include <functional>
#include <new>
#include <system_error>
#include <utility>

#include "servicekit/base/error.hpp"

namespace servicekit::os {

/// How a loop calls back: its thread goes on when the system refuses something to a callback.
/// For the loop's thread only.
class LoopCalls {
public:
    void on_failure(std::function<void(const Error&)> callback) { on_failure_ = std::move(callback); }

    /// What escapes the callback ends the process, apart from std::bad_alloc and std::system_error.
    void call(const std::function<void()>& callback) noexcept {
        const int refusal = refusal_in(callback);
        if (refusal == 0 || !on_failure_) return;
        // Where there is no memory for the words either, nobody is told.
        static_cast<void>(refusal_in([&] { on_failure_(os_error("finish a call of the event loop", "", refusal)); }));
    }

private:
    /// \returns what the system refused, as an errno; 0: nothing
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

#pragma once

namespace servicekit::os {

/// While it lives the calling thread can't be cancelled by pthread_cancel(3); what comes meanwhile is heeded after that.
/// For waiting below what may not throw, through which a cancelled thread would unwind, and end the process.
class NotCancelled {
public:
    NotCancelled() noexcept;
    NotCancelled(const NotCancelled&) = delete;
    NotCancelled& operator=(const NotCancelled&) = delete;
    ~NotCancelled();

private:
    int before_ = 0;
};

}  // namespace servicekit::os

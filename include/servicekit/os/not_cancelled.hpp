#pragma once

namespace servicekit::os {

/// While it exists, the calling thread cannot be cancelled by pthread_cancel(3); a request in that time takes effect
/// after it. Use it around waits in noexcept functions: a cancelled thread would unwind through them, which ends the
/// process.
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

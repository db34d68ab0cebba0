#pragma once

#include <cerrno>
#include <csignal>
#include <ctime>

namespace servicekit::os {

/// Makes the calling thread's write to a pipe without a reader fail with EPIPE, without a signal, whatever the program
/// has installed for SIGPIPE. Destroy it in the thread that created it. Leaves errno as it was.
class SigpipeBlock {
public:
    SigpipeBlock() noexcept {
        sigemptyset(&sigpipe_);
        sigaddset(&sigpipe_, SIGPIPE);
        was_pending_ = is_pending();
        pthread_sigmask(SIG_BLOCK, &sigpipe_, &mask_before_);
    }
    SigpipeBlock(const SigpipeBlock&) = delete;
    SigpipeBlock& operator=(const SigpipeBlock&) = delete;
    ~SigpipeBlock() {
        const int errno_before = errno;
        const timespec at_once{};
        if (!was_pending_ && is_pending()) sigtimedwait(&sigpipe_, nullptr, &at_once);
        pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
        errno = errno_before;
    }

private:
    static bool is_pending() noexcept {
        sigset_t pending;
        sigemptyset(&pending);
        sigpending(&pending);
        return sigismember(&pending, SIGPIPE) == 1;
    }

    sigset_t sigpipe_;
    sigset_t mask_before_;
    bool was_pending_ = false;
};

}  // namespace servicekit::os

#pragma once

#include <pthread.h>
#include <signal.h>

namespace servicekit::os {

/// Blocks all signals in the calling thread and the threads that it starts, except those that a fault raises in the
/// faulting thread: if these were blocked, the kernel would end the process without calling handlers. Also blocks
/// SIGABRT, as abort(3) unblocks it.
class SignalsBlocked {
public:
    SignalsBlocked() noexcept {
        sigset_t blocked;
        sigfillset(&blocked);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) sigdelset(&blocked, fault);
        pthread_sigmask(SIG_BLOCK, &blocked, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_ = {};
};

}  // namespace servicekit::os

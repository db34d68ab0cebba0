#pragma once

#include <pthread.h>
#include <signal.h>

namespace servicekit::os {

/// Blocks, in the calling thread and those that it starts, all signals but those that a fault raises in the very
/// thread that commits it: with these blocked, the kernel would end the process without asking handlers.
/// SIGABRT is none of them, since abort(3) unblocks it by itself.
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

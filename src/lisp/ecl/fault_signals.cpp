#include "lisp/ecl/fault_signals.hpp"

#include <signal.h>

#include <array>

#include "lisp/ecl/ecl.hpp"

namespace servicekit::lisp {
namespace {

struct Dispositions {
    int number = 0;
    struct sigaction before {};
    struct sigaction of_ecl {};
};

// A handler finds nothing but what is static.
constinit std::array<Dispositions, 2> faults{Dispositions{.number = SIGSEGV}, Dispositions{.number = SIGBUS}};

// ECL's own handler, in a thread that it does not know, prints and ends the thread: the crash would go unseen. From here
// on only what signal-safety(7) allows.
extern "C" void servicekit_pass_fault_on(int number, siginfo_t* info, void* context) {
    for (const Dispositions& fault : faults) {
        if (fault.number != number) continue;
        if (ecl_process_env_unsafe() != nullptr) return fault.of_ecl.sa_sigaction(number, info, context);
        // The instruction that failed fails again when this returns, and finds what would have been there without us.
        sigaction(number, &fault.before, nullptr);
        // One that was sent, by kill(2) say, does not come again by itself.
        if (info->si_code <= 0) raise(number);
    }
}

}  // namespace

void FaultSignals::note_before() {
    for (Dispositions& fault : faults) sigaction(fault.number, nullptr, &fault.before);
}

void FaultSignals::guard() {
    for (Dispositions& fault : faults) {
        sigaction(fault.number, nullptr, &fault.of_ecl);
        struct sigaction action = fault.of_ecl;
        action.sa_sigaction = servicekit_pass_fault_on;
        // On the alternate stack of a thread that has one: the program's own handler may count on it.
        action.sa_flags |= SA_SIGINFO | SA_ONSTACK;
        sigaction(fault.number, &action, nullptr);
    }
}

void FaultSignals::give_back() {
    for (const Dispositions& fault : faults) sigaction(fault.number, &fault.before, nullptr);
}

}  // namespace servicekit::lisp

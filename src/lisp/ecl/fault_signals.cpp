#include "lisp/ecl/fault_signals.hpp"

#include <signal.h>
#include <sys/mman.h>

#include <array>
#include <cstdint>

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

/// Where an interrupt has to wait, ECL protects the environment of the thread from being written, so that the end of the
/// wait is a fault. ECL 21.2 writes more than that end there, as when it calls generic functions, and would give the whole
/// thread up for it. \returns whether this was the fault; the interrupt then waits for the next one
bool lift_guard(const siginfo_t& info, cl_env_ptr environment) {
    const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
    const auto begin = reinterpret_cast<std::uintptr_t>(environment);
    if (info.si_code != SEGV_ACCERR || address < begin || address >= begin + sizeof *environment) return false;
    if (info.si_addr == &environment->disable_interrupts) return false;
    return mprotect(environment, sizeof *environment, PROT_READ | PROT_WRITE) == 0;
}

// ECL's own handler, in a thread that it does not know, prints and ends the thread: the crash would go unseen. From here
// on only what signal-safety(7) allows.
extern "C" void servicekit_pass_fault_on(int number, siginfo_t* info, void* context) {
    for (const Dispositions& fault : faults) {
        if (fault.number != number) continue;
        if (const cl_env_ptr environment = ecl_process_env_unsafe(); environment != nullptr) {
            if (!lift_guard(*info, environment)) fault.of_ecl.sa_sigaction(number, info, context);
            return;
        }
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

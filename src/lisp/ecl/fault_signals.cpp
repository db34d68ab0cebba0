#include "lisp/ecl/fault_signals.hpp"

#include <signal.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "lisp/ecl/ecl.hpp"

namespace servicekit::lisp {
namespace {

struct Dispositions {
    int number = 0;
    struct sigaction before {};
    struct sigaction of_ecl {};
};

// Static, since a signal handler has no other way to reach them.
constinit std::array<Dispositions, 2> faults{Dispositions{.number = SIGSEGV}, Dispositions{.number = SIGBUS}};
constinit std::atomic<bool> is_guarding{false};

/// To delay an interrupt, ECL write-protects the thread's environment, so that the end of the delay
/// causes a fault. ECL 21.2 also writes to other members there, for example when it calls generic
/// functions, and would end the thread for it.
/// \returns true if this was the fault; the interrupt then waits for the next one
bool lift_guard(const siginfo_t& info, cl_env_ptr environment) {
    const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
    const auto begin = reinterpret_cast<std::uintptr_t>(environment);
    if (info.si_code != SEGV_ACCERR || address < begin || address >= begin + sizeof *environment) return false;
    if (info.si_addr == &environment->disable_interrupts) return false;
    return mprotect(environment, sizeof *environment, PROT_READ | PROT_WRITE) == 0;
}

/// Calls ECL's handler as the kernel would: another handler with another mask may have been installed over it.
void call_ecl(const Dispositions& fault, siginfo_t* info, void* context) {
    sigset_t mask = fault.of_ecl.sa_mask;
    sigaddset(&mask, fault.number);
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &mask, &before);
    fault.of_ecl.sa_sigaction(fault.number, info, context);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// In a thread that ECL does not know, its own handler prints a message and ends the thread, so the crash would
// go unnoticed. Async-signal-safe.
extern "C" void servicekit_pass_fault_on(int number, siginfo_t* info, void* context) {
    if (FaultSignals::answer(number, info, context)) return;
    for (const Dispositions& fault : faults) {
        if (fault.number != number) continue;
        // After the return the instruction faults again, with the former action.
        sigaction(number, &fault.before, nullptr);
        // A signal that was sent, for example by kill(2), does not recur by itself.
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
        // On the alternate stack of a thread that has one, as the program's own handler may need it.
        action.sa_flags |= SA_SIGINFO | SA_ONSTACK;
        sigaction(fault.number, &action, nullptr);
    }
    is_guarding = true;
}

void FaultSignals::give_back() {
    is_guarding = false;
    for (const Dispositions& fault : faults) {
        struct sigaction current {};
        sigaction(fault.number, nullptr, &current);
        if (current.sa_sigaction == servicekit_pass_fault_on) sigaction(fault.number, &fault.before, nullptr);
    }
}

bool FaultSignals::answer(int number, void* info, void* context) noexcept {
    if (!is_guarding.load()) return false;
    const cl_env_ptr environment = ecl_process_env_unsafe();
    if (environment == nullptr) return false;
    auto* const details = static_cast<siginfo_t*>(info);
    for (const Dispositions& fault : faults) {
        if (fault.number != number) continue;
        if (!lift_guard(*details, environment)) call_ecl(fault, details, context);
        return true;
    }
    return false;
}

}  // namespace servicekit::lisp

#include "os/crash/crash_text.hpp"

#include <array>

namespace servicekit::os {
namespace {

/// SYS_SECCOMP, which some C libraries lack.
constexpr int caught_by_seccomp = 1;

struct KnownCode {
    int number;  ///< 0 for any signal
    int code;
    SignalCode words;
};

constexpr std::array known_codes{
    KnownCode{0, SI_USER, {"SI_USER", "sent by kill"}},
    KnownCode{0, SI_TKILL, {"SI_TKILL", "sent by raise or tgkill"}},
    KnownCode{0, SI_QUEUE, {"SI_QUEUE", "sent by sigqueue"}},
    KnownCode{0, SI_KERNEL, {"SI_KERNEL", "sent by the kernel"}},
    KnownCode{SIGSEGV, SEGV_MAPERR, {"SEGV_MAPERR", "address not mapped to object"}},
    KnownCode{SIGSEGV, SEGV_ACCERR, {"SEGV_ACCERR", "invalid permissions for mapped object"}},
    KnownCode{SIGSEGV, SEGV_BNDERR, {"SEGV_BNDERR", "failed address bound checks"}},
    KnownCode{SIGSEGV, SEGV_PKUERR, {"SEGV_PKUERR", "access denied by memory protection keys"}},
    KnownCode{SIGBUS, BUS_ADRALN, {"BUS_ADRALN", "invalid address alignment"}},
    KnownCode{SIGBUS, BUS_ADRERR, {"BUS_ADRERR", "nonexistent physical address"}},
    KnownCode{SIGBUS, BUS_OBJERR, {"BUS_OBJERR", "object-specific hardware error"}},
    KnownCode{SIGBUS, BUS_MCEERR_AR, {"BUS_MCEERR_AR", "hardware memory error, action required"}},
    KnownCode{SIGBUS, BUS_MCEERR_AO, {"BUS_MCEERR_AO", "hardware memory error, action optional"}},
    KnownCode{SIGFPE, FPE_INTDIV, {"FPE_INTDIV", "integer divide by zero"}},
    KnownCode{SIGFPE, FPE_INTOVF, {"FPE_INTOVF", "integer overflow"}},
    KnownCode{SIGFPE, FPE_FLTDIV, {"FPE_FLTDIV", "floating-point divide by zero"}},
    KnownCode{SIGFPE, FPE_FLTOVF, {"FPE_FLTOVF", "floating-point overflow"}},
    KnownCode{SIGFPE, FPE_FLTUND, {"FPE_FLTUND", "floating-point underflow"}},
    KnownCode{SIGFPE, FPE_FLTRES, {"FPE_FLTRES", "floating-point inexact result"}},
    KnownCode{SIGFPE, FPE_FLTINV, {"FPE_FLTINV", "floating-point invalid operation"}},
    KnownCode{SIGFPE, FPE_FLTSUB, {"FPE_FLTSUB", "subscript out of range"}},
    KnownCode{SIGILL, ILL_ILLOPC, {"ILL_ILLOPC", "illegal opcode"}},
    KnownCode{SIGILL, ILL_ILLOPN, {"ILL_ILLOPN", "illegal operand"}},
    KnownCode{SIGILL, ILL_ILLADR, {"ILL_ILLADR", "illegal addressing mode"}},
    KnownCode{SIGILL, ILL_ILLTRP, {"ILL_ILLTRP", "illegal trap"}},
    KnownCode{SIGILL, ILL_PRVOPC, {"ILL_PRVOPC", "privileged opcode"}},
    KnownCode{SIGILL, ILL_PRVREG, {"ILL_PRVREG", "privileged register"}},
    KnownCode{SIGILL, ILL_COPROC, {"ILL_COPROC", "coprocessor error"}},
    KnownCode{SIGILL, ILL_BADSTK, {"ILL_BADSTK", "internal stack error"}},
    KnownCode{SIGTRAP, TRAP_BRKPT, {"TRAP_BRKPT", "process breakpoint"}},
    KnownCode{SIGTRAP, TRAP_TRACE, {"TRAP_TRACE", "process trace trap"}},
    KnownCode{SIGTRAP, TRAP_HWBKPT, {"TRAP_HWBKPT", "hardware breakpoint"}},
    KnownCode{SIGSYS, caught_by_seccomp, {"SYS_SECCOMP", "system call forbidden by a seccomp filter"}},
};

}  // namespace

SignalCode signal_code(int number, int code) noexcept {
    for (const KnownCode& known : known_codes)
        if ((known.number == 0 || known.number == number) && known.code == code) return known.words;
    return {"unknown", "an unknown reason"};
}

bool is_sent(const siginfo_t& info) noexcept { return info.si_code <= 0; }

bool has_address(int number, const siginfo_t& info) noexcept {
    return info.si_code > 0 && info.si_code != SI_KERNEL &&
           (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGTRAP ||
            number == SIGSYS);
}

}  // namespace servicekit::os

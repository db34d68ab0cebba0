#pragma once

// ECL uses SIGSEGV, and its collector hides reachable memory from the leak checker. Used under AddressSanitizer only.
extern "C" inline const char* __asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
    return "detect_leaks=0:handle_segv=0:handle_sigbus=0:use_sigaltstack=0:detect_stack_use_after_return=0";
}

#pragma once

/// Whether the sanitizer named sees this program; clang and g++ say it differently.
#if defined(__SANITIZE_THREAD__)
#define SERVICEKIT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SERVICEKIT_TSAN 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SERVICEKIT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SERVICEKIT_ASAN 1
#endif
#endif

#ifdef SERVICEKIT_ASAN
// SIGSEGV is ECL's, whose collector hides from the leak checker what is reachable.
extern "C" inline const char* __asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
    return "detect_leaks=0:handle_segv=0:handle_sigbus=0:use_sigaltstack=0:detect_stack_use_after_return=0";
}
#endif

namespace servicekit::test {

#ifdef SERVICEKIT_TSAN
inline constexpr bool under_tsan = true;
#else
inline constexpr bool under_tsan = false;
#endif

#ifdef SERVICEKIT_ASAN
inline constexpr bool under_asan = true;
#else
inline constexpr bool under_asan = false;
#endif

}  // namespace servicekit::test

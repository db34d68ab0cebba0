#pragma once

namespace servicekit::test {

/// Set if that sanitizer is active; g++ and clang use different macros.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool under_asan = true;
#elif defined(__has_feature)
inline constexpr bool under_asan = __has_feature(address_sanitizer);
#else
inline constexpr bool under_asan = false;
#endif

#if defined(__SANITIZE_THREAD__)
inline constexpr bool under_tsan = true;
#elif defined(__has_feature)
inline constexpr bool under_tsan = __has_feature(thread_sanitizer);
#else
inline constexpr bool under_tsan = false;
#endif

/// Under a sanitizer everything takes ten times as long.
inline constexpr bool is_sanitized = under_asan || under_tsan;

}  // namespace servicekit::test

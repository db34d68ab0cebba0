#pragma once

#include <string_view>

namespace servicekit {

/// Returns "SIGSEGV", or "a signal" for a number that has no name here. Async-signal-safe.
[[nodiscard]] std::string_view signal_name(int number) noexcept;

}  // namespace servicekit

#pragma once

#include <string_view>

namespace servicekit {

/// "SIGSEGV"; async-signal-safe. \returns "a signal" for a number without a name here
[[nodiscard]] std::string_view signal_name(int number) noexcept;

}  // namespace servicekit

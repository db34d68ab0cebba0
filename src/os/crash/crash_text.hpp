#pragma once

#include <csignal>
#include <string_view>

namespace servicekit::os {

/// The name and meaning of an si_code, from sigaction(2).
struct SignalCode {
    std::string_view name;
    std::string_view meaning;
};
[[nodiscard]] SignalCode signal_code(int number, int code) noexcept;

/// Returns true if a process sent the signal, false if the kernel raised it because of what the program did.
[[nodiscard]] bool is_sent(const siginfo_t& info) noexcept;

/// Returns true if si_addr has an address.
[[nodiscard]] bool has_address(int number, const siginfo_t& info) noexcept;

}  // namespace servicekit::os

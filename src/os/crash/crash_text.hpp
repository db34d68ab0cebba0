#pragma once

#include <csignal>
#include <string_view>

namespace servicekit::os {

/// What si_code says, as sigaction(2) has it: its name, and what it means.
struct SignalCode {
    std::string_view name;
    std::string_view meaning;
};
[[nodiscard]] SignalCode signal_code(int number, int code) noexcept;

/// Whether a process sent it, and not the kernel because of what the program did.
[[nodiscard]] bool is_sent(const siginfo_t& info) noexcept;

/// Whether si_addr says where it happened.
[[nodiscard]] bool has_address(int number, const siginfo_t& info) noexcept;

}  // namespace servicekit::os

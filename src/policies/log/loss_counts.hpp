#pragma once

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "servicekit/policy/log_policy.hpp"

namespace servicekit::policies {

/// Why a line was lost. See LogCounts.
enum class Loss { slow, error, no_memory };

/// \param errno_value of a destination that did not take a line; 0 if it did not fail
[[nodiscard]] inline Loss loss_by(int errno_value) noexcept {
    return errno_value == 0 || errno_value == EAGAIN ? Loss::slow : Loss::error;
}

/// Counts the lines that a log has lost. Thread-safe.
class LossCounts {
public:
    void add(Loss why, std::uint64_t lines = 1) noexcept {
        counts_[static_cast<std::size_t>(why)].fetch_add(lines, std::memory_order_relaxed);
    }
    void add_to(LogCounts& counts) const noexcept {
        counts.lost_slow += of(Loss::slow);
        counts.lost_error += of(Loss::error);
        counts.lost_no_memory += of(Loss::no_memory);
    }

private:
    [[nodiscard]] std::uint64_t of(Loss why) const noexcept {
        return counts_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
    }

    std::array<std::atomic<std::uint64_t>, 3> counts_{};
};

}  // namespace servicekit::policies

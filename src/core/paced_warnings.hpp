#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "servicekit/core/logger.hpp"

namespace servicekit {

/// Logs warnings that a client can cause, at most one a second, so that no client fills the disk with them. For one
/// thread.
class PacedWarnings {
public:
    /// \param plural what the warnings are about: "refusals"
    explicit PacedWarnings(std::string_view plural) noexcept : plural_{plural} {}

    void write(Logger& log, std::chrono::steady_clock::time_point now, const std::string& line) {
        if (now < next_) {
            ++left_out_;
            return;
        }
        next_ = now + std::chrono::seconds{1};
        const std::size_t left_out = std::exchange(left_out_, 0);
        const std::string more = std::to_string(left_out) + " " + plural_ + " before are not logged";
        log.warning(left_out == 0 ? line : line + "; " + more);
    }

private:
    std::string plural_;
    std::chrono::steady_clock::time_point next_{};
    std::size_t left_out_ = 0;
};

}  // namespace servicekit

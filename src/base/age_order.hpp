#pragma once

#include <chrono>
#include <string_view>

namespace servicekit {

/// Orders files by the time in their names, the oldest first.
///
/// A name with a time to come was given while the clock was ahead. When that was is unknown, so it counts as older than
/// all others: what is made today must never be taken for the oldest and be removed for it.
class AgeOrder {
public:
    /// \param now a time that no honest name exceeds, in the form of the names
    explicit AgeOrder(std::string_view now) noexcept : now_{now} {}

    [[nodiscard]] bool operator()(std::string_view a, std::string_view b) const noexcept {
        const bool a_is_past = a <= now_;
        const bool b_is_past = b <= now_;
        return a_is_past != b_is_past ? b_is_past : a < b;
    }

    /// How far a name may be ahead of the clock: clocks are set back a little all the time, and a name that is taken
    /// gets the next time that is free.
    static constexpr std::chrono::minutes slack{1};

private:
    std::string_view now_;
};

}  // namespace servicekit

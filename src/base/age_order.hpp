#pragma once

#include <chrono>
#include <string_view>

namespace servicekit {

/// Orders files by the time in their names, the oldest first.
///
/// A name in the future was given while the clock was ahead. Its real age is unknown, so it counts as older than all
/// others. Otherwise a file that is made today could be taken for the oldest and be removed.
class AgeOrder {
public:
    /// \param now the latest plausible time, in the format of the names
    explicit AgeOrder(std::string_view now) noexcept : now_{now} {}

    [[nodiscard]] bool operator()(std::string_view a, std::string_view b) const noexcept {
        const bool a_is_past = a <= now_;
        const bool b_is_past = b <= now_;
        return a_is_past != b_is_past ? b_is_past : a < b;
    }

    /// How far a name may be ahead of the clock. Clocks are often set back a little, and a name that is already taken
    /// is replaced by the next free time.
    static constexpr std::chrono::minutes slack{1};

private:
    std::string_view now_;
};

}  // namespace servicekit

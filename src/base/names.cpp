#include "base/names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <vector>

namespace servicekit {
namespace {

constexpr std::size_t longest_name = 64;

constexpr std::array<bool, 256> name_bytes() {
    std::array<bool, 256> allowed{};
    constexpr std::string_view all = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    for (const char byte : all) allowed[static_cast<unsigned char>(byte)] = true;
    return allowed;
}
constexpr std::array<bool, 256> is_name_byte = name_bytes();

/// Returns the Damerau-Levenshtein distance in which no part is edited twice ("optimal string alignment").
/// \returns `limit` if the distance is `limit` or more
std::size_t typing_errors(std::string_view from, std::string_view to, std::size_t limit,
                          std::array<std::vector<std::size_t>, 3>& rows) {
    for (auto& one : rows) one.resize(std::max(one.size(), to.size() + 1));
    auto& [before_last, last, row] = rows;
    std::iota(last.begin(), last.begin() + static_cast<std::ptrdiff_t>(to.size()) + 1, std::size_t{0});
    std::size_t least_before = 0;
    for (std::size_t i = 1; i <= from.size(); ++i) {
        row[0] = i;
        std::size_t least = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            least = std::min(least, row[j]);
        }
        // All later rows are computed from these two.
        if (least >= limit && least_before >= limit) return limit;
        least_before = least;
        before_last.swap(last);
        last.swap(row);
    }
    return std::min(last[to.size()], limit);
}

}  // namespace

[[gnu::hot]] bool is_valid_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= longest_name && name.front() != '.' &&
           std::all_of(name.begin(), name.end(),
                       [](char byte) { return is_name_byte[static_cast<unsigned char>(byte)]; });
}

std::string_view name_rule() noexcept {
    return "a name of letters, digits, '.', '_' and '-', at most 64, not starting with a dot";
}

std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> names) {
    // A name from a client may have any length, and the time for the distance grows with the product of both lengths.
    if (wrong.size() > 2 * longest_name) return {};
    std::string_view nearest;
    std::array<std::vector<std::size_t>, 3> rows;
    std::size_t fewest = std::max<std::size_t>(2, wrong.size() / 3) + 1;
    for (const std::string_view name : names) {
        const std::size_t longer = std::max(name.size(), wrong.size());
        const std::size_t shorter = std::min(name.size(), wrong.size());
        if (longer - shorter >= fewest) continue;
        const std::size_t errors = typing_errors(wrong, name, fewest, rows);
        if (errors < fewest && 2 * errors <= shorter) {
            fewest = errors;
            nearest = name;
        }
    }
    return nearest;
}

std::string did_you_mean(std::string_view wrong, std::span<const std::string_view> names) {
    const std::string_view nearest = nearest_name(wrong, names);
    return nearest.empty() ? std::string{} : "; did you mean '" + std::string{nearest} + "'?";
}

}  // namespace servicekit

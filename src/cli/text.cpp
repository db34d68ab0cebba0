#include "cli/text.hpp"

#include <algorithm>
#include <array>

#include "base/escaped_text.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::cli {
namespace {

bool continues_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

/// \param plural added to the names of several
std::string two_largest_units(std::chrono::seconds duration, const std::array<const char*, 4>& names,
                              const char* plural) {
    using Count = std::chrono::seconds::rep;
    const Count whole = std::max<Count>(duration.count(), 0);
    const std::array counts{whole / 86'400, whole / 3'600 % 24, whole / 60 % 60, whole % 60};
    const auto in_words = [&](std::size_t unit) {
        return std::to_string(counts[unit]) + names[unit] + (counts[unit] == 1 ? "" : plural);
    };
    for (std::size_t unit = 0; unit + 1 < counts.size(); ++unit) {
        if (counts[unit] == 0) continue;
        return in_words(unit) + (counts[unit + 1] == 0 ? "" : " " + in_words(unit + 1));
    }
    return in_words(counts.size() - 1);
}

}  // namespace

std::string duration_in_words(std::chrono::seconds duration) {
    return two_largest_units(duration, {" day", " hour", " minute", " second"}, "s");
}

std::string short_duration(std::chrono::seconds duration) {
    return two_largest_units(duration, {"d", "h", "m", "s"}, "");
}

std::string plain_text(const Value& value) { return escaped(value.is_string() ? value.as_string() : to_json(value)); }

std::size_t columns(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return !continues_code_point(byte); }));
}

std::string_view cut(std::string_view text, std::size_t columns) noexcept {
    std::size_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (!continues_code_point(text[i]) && ++seen > columns) return text.substr(0, i);
    return text;
}

std::string table(std::vector<std::vector<std::string>> rows) {
    std::vector<std::size_t> widths;
    for (auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i] = escaped(row[i]);
            widths[i] = std::max(widths[i], columns(row[i]));
        }
    }
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            const bool is_last = i + 1 == row.size();
            if (!is_last) text.append(widths[i] - columns(row[i]) + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

}  // namespace servicekit::cli

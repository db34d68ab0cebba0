#include "servicectl/web/pages/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/escaped_text.hpp"

namespace servicekit::servicectl::web {
namespace {

/// \param decimals digits after the point
std::string fixed(double number, int decimals) {
    std::array<char, 400> digits;  // the largest double has 309 before the point
    const auto written =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed, decimals);
    return {digits.data(), written.ptr};
}

std::string without_zeros_at_end(std::string number) {
    if (number.find('.') == std::string::npos) return number;
    number.erase(number.find_last_not_of('0') + 1);
    if (number.back() == '.') number.pop_back();
    return number;
}

/// Returns a number below 1000 with about three digits.
std::string three_digits(double number) {
    const double size = std::abs(number);
    return without_zeros_at_end(fixed(number, size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3));
}

std::string seconds_in_words(double seconds) {
    const double size = std::abs(seconds);
    if (size == 0) return "0 s";
    if (size < 1e-6) return three_digits(seconds * 1e9) + " ns";
    if (size < 1e-3) return three_digits(seconds * 1e6) + " µs";
    if (size < 1) return three_digits(seconds * 1e3) + " ms";
    return number_in_words(seconds) + " s";
}

}  // namespace

std::string bytes_in_words(double bytes) {
    if (!std::isfinite(bytes)) return "unknown";
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    std::size_t unit = 0;
    while (std::abs(bytes) >= 1024 && unit + 1 < units.size()) {
        bytes /= 1024;
        ++unit;
    }
    return fixed(bytes, unit == 0 ? 0 : 1) + " " + units[unit];
}

std::string number_in_words(double number) {
    if (std::isnan(number)) return "unknown";
    if (std::isinf(number)) return number > 0 ? "infinite" : "-infinite";
    constexpr std::array units{"", " k", " M", " G", " T", " P"};
    std::size_t unit = 0;
    // 999.6 would become 1000.
    while (std::abs(number) >= 999.5 && unit + 1 < units.size()) {
        number /= 1000;
        ++unit;
    }
    if (std::abs(number) >= 999.5) return "more than 999 P";
    return three_digits(number) + units[unit];
}

std::string value_in_words(double value, std::string_view unit) {
    if (!std::isfinite(value)) return number_in_words(value);
    if (unit == "bytes") return bytes_in_words(value);
    if (unit == "seconds") return seconds_in_words(value);
    return unit.empty() ? number_in_words(value) : number_in_words(value) + " " + std::string{unit};
}

std::string percent_in_words(double percent) {
    return std::isfinite(percent) ? fixed(percent, std::abs(percent) < 9.95 ? 1 : 0) + " %" : "unknown";
}

std::string digits_of(double number) {
    if (!std::isfinite(number)) return {};
    std::array<char, 32> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return {digits.data(), written.ptr};
}

std::string shortened(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return std::string{text};
    text = text.substr(0, bytes);
    text.remove_suffix(unfinished_character(text));
    return std::string{text} + "...";
}

std::string counted(std::size_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string{noun} + (count == 1 ? "" : "s");
}

}  // namespace servicekit::servicectl::web

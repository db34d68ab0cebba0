#include "base/rfc3339.hpp"

#include <array>
#include <cstdint>

namespace servicekit {
namespace {

void append_number(std::string& out, long value, unsigned digits) {
    const std::size_t end = out.size() + digits;
    out.append(digits, '0');
    for (std::size_t at = end; digits > 0; --digits, value /= 10) out[--at] = static_cast<char>('0' + value % 10);
}

void append_seconds(std::string& out, std::chrono::sys_seconds time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss time_of_day{time - day};
    append_number(out, static_cast<int>(date.year()), 4);
    out += '-';
    append_number(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_number(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_number(out, time_of_day.hours().count(), 2);
    out += ':';
    append_number(out, time_of_day.minutes().count(), 2);
    out += ':';
    append_number(out, time_of_day.seconds().count(), 2);
}

/// The text of a second, as a thread asked for it last: a log has many lines of the same.
struct LastSecond {
    std::chrono::sys_seconds time{std::chrono::seconds::min()};
    std::string text;
};

}  // namespace

void append_rfc3339(std::string& out, std::chrono::system_clock::time_point time, TimePrecision precision) {
    using namespace std::chrono;
    thread_local LastSecond last;
    const auto second = floor<seconds>(time);
    if (second != last.time) {
        last.text.clear();
        append_seconds(last.text, second);
        last.time = second;
    }
    out += last.text;
    if (precision == TimePrecision::seconds) {
        out += 'Z';
        return;
    }
    // Each digit by itself: none waits for the one before it.
    const auto micros = static_cast<std::uint32_t>(floor<microseconds>(time - second).count());
    const auto digit = [micros](std::uint32_t unit) { return static_cast<char>('0' + micros / unit % 10); };
    const std::array tail{'.', digit(100'000), digit(10'000), digit(1'000), digit(100), digit(10), digit(1), 'Z'};
    out.append(tail.data(), tail.size());
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
    std::string text;
    append_rfc3339(text, time, TimePrecision::seconds);
    return text;
}

}  // namespace servicekit
